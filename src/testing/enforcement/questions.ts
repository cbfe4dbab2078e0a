/** Questions about a live cluster: every pair of ends on every port that matters, or a sample of them. */
import { nodeAddresses, type ClusterView } from '../../cluster/view.ts'
import { familyOf } from '../../cluster/topology/plan.ts'
import type { Family } from '../../kernel/ruleset.ts'
import type { Question } from '../../policy/evaluate/index.ts'
import { Random } from '../../sim/random.ts'
import { endsOf, type End } from './ends.ts'
import { declaredPorts, portsOf, type AskedPort } from './ports.ts'

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
 * A sample asks mostly about pods, and mostly about ports that pods have: that is where policies have a say. Where the
 * sample is as large as all there is to ask, all of it is asked, in a fixed order.
 */
export function questionsOf(
  view: ClusterView,
  { limit = Infinity, seed = 1, families = FAMILIES }: QuestionSelection = {},
): PacketQuestion[] {
  const all = endsOf(view)
  const ports = portsOf(view)
  const groups = families.map((family): Group => {
    const ends = all.filter(({ addresses }) => addresses.some((one) => familyOf(one) === family))
    return { family, ends, pods: ends.filter(({ endpoint }) => endpoint.kind === 'pod') }
  })
  const isServices = socketsOfServices(view)
  const askable = (to: End, port: AskedPort, family: Family): boolean => !isServices(to, port, family)
  if (pairsUpTo(limit / ports.length, groups)) {
    return groups.flatMap(({ family, ends }) =>
      ends.flatMap((from) =>
        ends
          .filter((to) => mayTalk(from, to))
          .flatMap((to) =>
            ports
              .filter((port) => askable(to, port, family))
              .map((port) => questionOf(from, to, port, family)),
          ),
      ),
    )
  }
  return sample(groups, ports, declaredPorts(view), limit, new Random(seed), askable)
}

/** There are no more pairs that may talk than that. */
function pairsUpTo(limit: number, groups: readonly Group[]): boolean {
  let pairs = 0
  for (const { ends } of groups)
    for (const from of ends) for (const to of ends) if (mayTalk(from, to) && ++pairs > limit) return false
  return true
}

interface Group {
  readonly family: Family
  readonly ends: readonly End[]
  readonly pods: readonly End[]
}

function sample(
  groups: readonly Group[],
  ports: readonly AskedPort[],
  declared: readonly AskedPort[],
  limit: number,
  random: Random,
  askable: (to: End, port: AskedPort, family: Family) => boolean,
): PacketQuestion[] {
  const any = <T>(items: readonly T[]): T => {
    const item = items[random.below(items.length)]
    if (item === undefined) throw new Error('questionsOf: nothing to draw from')
    return item
  }
  const questions = new Map<string, PacketQuestion>()
  // Where there is hardly more to ask than that, the last ones are found by luck.
  for (let tries = 0; questions.size < limit && tries < 20 * limit; tries++) {
    const { family, ends, pods } = any(groups)
    const end = (): End => any(pods.length > 0 && random.below(10) < 7 ? pods : ends)
    const [from, to] = [end(), end()]
    if (!mayTalk(from, to)) continue
    const port = any(declared.length > 0 && random.below(10) < 5 ? declared : ports)
    if (!askable(to, port, family)) continue
    const question = questionOf(from, to, port, family)
    questions.set(JSON.stringify(question), question)
  }
  return [...questions.values()]
}

function questionOf(from: End, to: End, { protocol, port }: AskedPort, family: Family): PacketQuestion {
  return {
    from: from.endpoint,
    to: to.endpoint,
    protocol,
    ...(protocol === 'icmp' ? {} : { port }),
    family,
  }
}

/** What is outside talks to itself without us. */
function mayTalk(from: End, to: End): boolean {
  return !(from.endpoint.kind === 'address' && to.endpoint.kind === 'address')
}

/** What is at a node's address and a port of a Service is the Service's, and not the node's: `checkServices` asks about it. */
function socketsOfServices(view: ClusterView): (to: End, port: AskedPort, family: Family) => boolean {
  const taken = new Set(
    view
      .services()
      .flatMap(({ spec: { externalIPs = [], ports = [] } }) => [
        ...externalIPs.flatMap((address) =>
          ports.map(({ protocol = 'TCP', port }) => `${address} ${port}/${protocol.toLowerCase()}`),
        ),
        ...ports.flatMap(({ protocol = 'TCP', nodePort }) =>
          nodePort === undefined ? [] : [`node ${nodePort}/${protocol.toLowerCase()}`],
        ),
      ]),
  )
  const nodes = new Set(view.nodes().flatMap(nodeAddresses))
  return ({ addresses }, { protocol, port }, family) =>
    addresses
      .filter((address) => familyOf(address) === family)
      .some(
        (address) =>
          taken.has(`${address} ${port}/${protocol}`) ||
          (nodes.has(address) && taken.has(`node ${port}/${protocol}`)),
      )
}
