/** Which questions' packets arrive: what two clusters are compared by. */
import type { Cluster } from '../../cluster/cluster.ts'
import { formatQuestion, hasArrived, probeQuestions } from '../enforcement/check.ts'
import type { PacketQuestion } from '../enforcement/questions.ts'

export function arrivals(cluster: Cluster, questions: readonly PacketQuestion[]): ReadonlySet<string> {
  return new Set(
    probeQuestions(cluster, questions)
      .filter(({ observed }) => hasArrived(observed))
      .map(({ question }) => formatQuestion(question)),
  )
}

/** @throws Error that names what arrives in the first and not in the second */
export function expectWithin(some: ReadonlySet<string>, all: ReadonlySet<string>, what: string): void {
  const lost = [...some].filter((question) => !all.has(question))
  if (lost.length === 0) return
  throw new Error([`${what}:`, ...lost.slice(0, 5).map((line) => `  ${line}`)].join('\n'))
}
