/** The expectation that would have noticed: the plainest packet whose fate is not what the policies say. */
import type { Cluster } from '../../cluster/cluster.ts'
import { checkEnforcement, keyOf, type Difference } from '../enforcement/check.ts'
import { checkServices } from '../enforcement/services.ts'

/** An entry of an expectations file, as far as a packet can tell. */
export interface MissingExpectation {
  readonly from: string
  readonly to: string
  readonly port?: number
  readonly protocol: string
  /** What policies say: dropped, or delivered (rejected where nothing listens). */
  readonly expect: 'delivered' | 'dropped' | 'rejected'
  /** Why, in the evaluator's words. */
  readonly reason: string
}

/** Undefined: no packet was found to meet anything else than the policies say. */
export function missingExpectation(cluster: Cluster, packets: number): MissingExpectation | undefined {
  const { differences } = checkEnforcement(cluster, undefined, { limit: packets })
  const [plainest] = differences.toSorted((a, b) => oddness(a) - oddness(b))
  if (plainest !== undefined) return expectationOf(cluster, plainest)
  const [service] = checkServices(cluster).differences
  if (service === undefined) return undefined
  const { from, to, port, protocol, allowed, reason } = service
  return { from, to, port, protocol, expect: allowed ? 'delivered' : 'dropped', reason }
}

/** What people write first comes first: pods, TCP, IPv4, a port that something listens on. */
function oddness({ question, observed, kind }: Difference): number {
  const { from, to, protocol, family } = question
  const ends = [from, to].filter(({ kind }) => kind !== 'pod').length
  const listens = kind === 'let through' && observed.verdict === 'delivered' ? 0 : 1
  return (
    ends * 8 + (family === 'ipv4' ? 0 : 4) + ['tcp', 'udp', 'icmp', 'sctp'].indexOf(protocol) * 2 + listens
  )
}

function expectationOf(cluster: Cluster, { question, expected, observed }: Difference): MissingExpectation {
  const { from, to, protocol, port, family } = question
  const address = observed.seen?.destination
  // Names mean IPv4 addresses first: where IPv6 is the point, the address has to be written.
  const target = family === 'ipv6' ? (addressOf(cluster, keyOf(to)) ?? address ?? keyOf(to)) : keyOf(to)
  return {
    from: keyOf(from),
    to: target,
    ...(port === undefined ? {} : { port }),
    protocol,
    expect: !expected.allowed
      ? 'dropped'
      : listensOn(cluster, keyOf(to), protocol, port)
        ? 'delivered'
        : 'rejected',
    reason: expected.reason,
  }
}

function addressOf({ view }: Cluster, key: string): string | undefined {
  const pod = view.pods().find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key)
  const node = view.nodes().find(({ metadata }) => `node/${metadata.name}` === key)
  const addresses = [
    ...(pod?.status?.podIPs ?? []).map(({ ip }) => ip),
    ...(node?.status?.addresses ?? []).map(({ address }) => address),
  ]
  return addresses.find((address) => address.includes(':'))
}

function listensOn({ view }: Cluster, key: string, protocol: string, port: number | undefined): boolean {
  if (protocol === 'icmp') return true
  const pod = view.pods().find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key)
  // The outside host answers on the port one asks for.
  if (pod === undefined) return !key.startsWith('node/')
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
  return containers.some(({ ports = [] }) =>
    ports.some(
      ({ containerPort, protocol: name = 'TCP' }) =>
        containerPort === port && name.toLowerCase() === protocol,
    ),
  )
}
