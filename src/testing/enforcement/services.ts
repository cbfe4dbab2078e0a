/**
 * Connections to Services, packets against the evaluator. Which backend a packet was sent on to is seen where it
 * arrived; where it was dropped, some backend must be denied.
 */
import { REASON_NETFILTER_DROP } from '../../abi/reason.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import type { ReferenceAnswer, ReferencePath } from '../../cluster/policy/answer.ts'
import { reasonText, type Attempt, type AttemptResult } from '../../engine/index.ts'
import { hasArrived, type DifferenceKind } from './check.ts'
import { serviceQuestionsOf, type ServiceQuestion, type ServiceSelection } from './service-questions.ts'

export interface ServiceReport {
  readonly checked: number
  /** Of these, to where some backend may be reached. */
  readonly allowed: number
  readonly differences: readonly ServiceDifference[]
}

export interface ServiceDifference {
  readonly kind: DifferenceKind
  readonly from: string
  /** `namespace/svc/name`. */
  readonly to: string
  readonly address: string
  readonly port: number
  readonly protocol: ServiceQuestion['protocol']
  /** Some backend may be reached. */
  readonly allowed: boolean
  /** What the packet met instead. */
  readonly wrong: string
  /** Why, in the evaluator's words. */
  readonly reason: string
}

/** Every question about a Service, or a sample. Time does not pass. */
export function checkServices(cluster: Cluster, selection: ServiceSelection = {}): ServiceReport {
  const questions = serviceQuestionsOf(cluster.view, selection)
  const first = probe(cluster, questions, SOURCE_PORT)
  const sticky = questions.filter((question) => question.sticky)
  const again = new Map(
    probe(cluster, sticky, SOURCE_PORT + 1).map((result, index) => [sticky[index], result] as const),
  )
  let reachable = 0
  const differences = questions.flatMap((question, index): ServiceDifference[] => {
    const result = first[index]
    if (result === undefined) throw new Error('checkServices: a packet without a result')
    const { from, to, address, port, protocol } = question
    const answer = cluster.reference({ from: from.label, to: address, port, protocol })
    const allowed = answer.paths.some((path) => path.allowed && path.obstacle === undefined)
    if (allowed) reachable++
    const found = judge(answer, result) ?? strays(result, again.get(question))
    if (found === undefined) return []
    return [{ ...found, from: from.label, to, address, port, protocol, allowed, reason: answer.reason }]
  })
  return { checked: questions.length, allowed: reachable, differences }
}

const SOURCE_PORT = 39_996

function probe(cluster: Cluster, questions: readonly ServiceQuestion[], sourcePort: number): AttemptResult[] {
  const attempts = questions.map(({ from, source, address, port, protocol }): Attempt => ({
    netns: from.netns,
    protocol,
    source,
    sourcePort,
    destination: address,
    destinationPort: port,
  }))
  return cluster.probe(attempts, { forget: true })
}

type Wrong = Pick<ServiceDifference, 'kind' | 'wrong'>

/** The second connection of one client has to arrive where the first one did. */
function strays(first: AttemptResult, second: AttemptResult | undefined): Wrong | undefined {
  if (second === undefined || !hasArrived(first) || seenText(first) === seenText(second)) return undefined
  const wrong = `arrived at ${seenText(first)}, and the next connection at ${seenText(second)}`
  return { kind: 'strayed', wrong }
}

/** Two lines: what the packet met, and what policies say; and with a cluster the packet's way. */
export function formatServiceDifference(difference: ServiceDifference, cluster?: Cluster): string {
  const { from, to, address, port, protocol, wrong, reason } = difference
  const lines = [`${from} → ${to} (${address}) ${port}/${protocol}: ${wrong}`, `  policies: ${reason}`]
  if (cluster !== undefined) {
    const { text } = cluster.trace({ from, to: address, port, protocol })
    lines.push(...text.split('\n').map((line) => `    ${line}`))
  }
  return lines.join('\n')
}

/** What is wrong, if anything. */
function judge({ paths }: ReferenceAnswer, observed: AttemptResult): Wrong | undefined {
  const open = paths.filter(({ obstacle }) => obstacle === undefined)
  const seen = seenText(observed)
  if (hasArrived(observed)) {
    const taken = open.filter((path) => leadsTo(path, observed))
    if (taken.length === 0)
      return { kind: 'let through', wrong: `arrived at ${seen}, which no path leads to` }
    const allowed = taken.filter((path) => path.allowed)
    if (allowed.length === 0) return { kind: 'let through', wrong: `let through to ${seen}` }
    const answered = observed.reply !== 'none'
    if (allowed.some(({ unanswered }) => (unanswered === undefined) === answered)) return undefined
    return answered
      ? { kind: 'undecided', wrong: `the answer of ${seen} came back after all` }
      : { kind: 'answer lost', wrong: `the answer of ${seen} was lost` }
  }
  // What has an obstacle on its way does not arrive, and whether policies or kube-proxy end it first is no difference.
  if (open.length < paths.length) return undefined
  if (observed.verdict !== 'dropped' || observed.reason !== REASON_NETFILTER_DROP)
    return { kind: 'undecided', wrong: `ended by something else: ${reasonText(observed.reason)}` }
  // Where no answer would come back, the packet may pass its client's own policies a second time, by then translated.
  const denied = open.some(({ allowed, unanswered }) => !allowed || unanswered !== undefined)
  return denied ? undefined : { kind: 'blocked', wrong: 'dropped, and every backend is allowed' }
}

function leadsTo({ backend }: ReferencePath, { seen }: AttemptResult): boolean {
  if (backend === undefined || seen === undefined) return backend === undefined
  return backend.ip === seen.destination && backend.port === seen.destinationPort
}

function seenText({ seen }: AttemptResult): string {
  return seen === undefined ? 'its end' : `${seen.destination}:${seen.destinationPort}`
}
