/** Questions about a live cluster: every pair of ends on every port that matters, or a sample of them. */
import type { ClusterView } from '../../cluster/view.ts'
import { familyOf } from '../../cluster/topology/plan.ts'
import type { Family } from '../../kernel/ruleset.ts'
import type { Question } from '../../policy/evaluate/index.ts'
import { Random } from '../../sim/random.ts'
import { endsOf, type End } from './ends.ts'
import { portsOf, type AskedPort } from './ports.ts'

export interface QuestionSelection {
  /** At most so many, drawn by `seed`. Default: all. */
  readonly limit?: number
  /** Default 1. */
  readonly seed?: number
  /** Default both. */
  readonly families?: readonly Family[]
}

/** A question with what is needed to send its packet. */
export interface PacketQuestion extends Question {
  readonly protocol: AskedPort['protocol']
  readonly family: Family
}

const FAMILIES: readonly Family[] = ['ipv4', 'ipv6']

/**
 * Pairs in which policies have a say come first in a sample: two ends that are both no pods are asked about once in
 * twenty times.
 */
export function questionsOf(
  view: ClusterView,
  { limit = Infinity, seed = 1, families = FAMILIES }: QuestionSelection = {},
): PacketQuestion[] {
  const pairs = families.flatMap((family) => {
    const ends = endsOf(view).filter(({ addresses }) => addresses.some((one) => familyOf(one) === family))
    return ends.flatMap((from) => ends.filter((to) => mayTalk(from, to)).map((to) => ({ from, to, family })))
  })
  const ports = portsOf(view)
  const random = new Random(seed)
  const every = pairs.length * ports.length
  const at = (index: number): PacketQuestion[] => {
    const pair = pairs[Math.floor(index / ports.length)]
    const asked = ports[index % ports.length]
    if (pair === undefined || asked === undefined) return []
    const { protocol, port } = asked
    return [
      {
        from: pair.from.endpoint,
        to: pair.to.endpoint,
        protocol,
        ...(protocol === 'icmp' ? {} : { port }),
        family: pair.family,
      },
    ]
  }
  if (every <= limit) return Array.from({ length: every }, (_, index) => at(index)).flat()
  return Array.from({ length: limit }, () => at(random.below(every))).flat()
}

/** What is outside talks to itself without us; a pod and a node of the same namespace are the same end. */
function mayTalk(from: End, to: End): boolean {
  return !(from.endpoint.kind === 'address' && to.endpoint.kind === 'address')
}
