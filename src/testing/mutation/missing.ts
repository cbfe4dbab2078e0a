/** The expectation that would have noticed: the plainest packet whose fate is not what the policies say. */
import type { Cluster } from '../../cluster/cluster.ts'
import { podSockets } from '../../cluster/view.ts'
import { checkEnforcement, keyOf, type Difference } from '../enforcement/check.ts'
import { familyOf } from '../../cluster/topology/plan.ts'
import { checkServices, type ServiceDifference } from '../enforcement/services.ts'

/** An entry of an expectations file, as far as a packet can tell. */
export interface MissingExpectation {
  readonly from: string
  readonly to: string
  readonly port?: number
  readonly protocol: string
  /** Said where it is not the one that names mean first. */
  readonly family?: 'ipv6'
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
  return ofService(cluster, service)
}

/** By the Service's name where that means the address: a node port, or another's address, has to be written. */
function ofService(
  { view }: Cluster,
  { from, to, address, port, protocol, allowed, reason }: ServiceDifference,
): MissingExpectation {
  const service = view.services().find(({ metadata }) => `${metadata.namespace}/svc/${metadata.name}` === to)
  const isOwn = service?.spec.clusterIPs?.includes(address) === true
  const second = isOwn && familyOf(address) === 'ipv6' && service.spec.clusterIPs?.[0] !== address
  return {
    from,
    to: isOwn ? to : address,
    port,
    protocol,
    ...(second ? { family: 'ipv6' } : {}),
    expect: allowed ? 'delivered' : 'dropped',
    reason,
  }
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

function expectationOf(cluster: Cluster, { question, expected }: Difference): MissingExpectation {
  const { from, to, protocol, port, family } = question
  return {
    from: keyOf(from),
    to: keyOf(to),
    ...(port === undefined ? {} : { port }),
    protocol,
    ...(family === 'ipv6' && to.kind !== 'address' ? { family } : {}),
    expect: !expected.allowed
      ? 'dropped'
      : listensOn(cluster, keyOf(to), protocol, port)
        ? 'delivered'
        : 'rejected',
    reason: expected.reason,
  }
}

function listensOn({ view }: Cluster, key: string, protocol: string, port: number | undefined): boolean {
  if (protocol === 'icmp') return true
  const pod = view.pods().find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key)
  // The outside host answers on the port one asks for.
  if (pod === undefined) return !key.startsWith('node/')
  return podSockets(pod).some((socket) => socket.port === port && socket.protocol === protocol)
}
