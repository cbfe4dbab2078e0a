/**
 * Packets as questions that policies answer and a cluster's packets too: who, to whom, on what. Mostly between pods, on
 * ports of the vocabulary; the addresses outside are those of it that no cluster gives out.
 */
import fc from 'fast-check'
import type { Endpoint } from '../../policy/evaluate/index.ts'
import type { PacketQuestion } from '../enforcement/questions.ts'
import type { ClusterPlan } from './cluster.ts'
import { VOCABULARY, type Vocabulary } from './vocabulary.ts'

/** Of a plan's own pods (not those of its Deployments) and nodes. For `checkEnforcement(cluster, packets)`. */
export function arbitraryPacket(
  { pods, nodes }: Pick<ClusterPlan, 'pods' | 'nodes'>,
  { ports, addresses }: Vocabulary = VOCABULARY,
): fc.Arbitrary<PacketQuestion> {
  const podEnds = pods.map(({ metadata: { namespace = '', name } }): Endpoint => ({
    kind: 'pod',
    namespace,
    name,
  }))
  const nodeEnds = Array.from({ length: nodes }, (_, at): Endpoint => ({
    kind: 'node',
    name: `node-${at + 1}`,
  }))
  const inside = fc.constantFrom(...podEnds, ...nodeEnds)
  const outside = fc.constantFrom(
    ...addresses.filter(isOutside).map((address): Endpoint => ({ kind: 'address', address })),
  )
  return fc
    .record({
      ends: fc.oneof(
        { withCrossShrink: true },
        { weight: 8, arbitrary: fc.tuple(inside, inside) },
        { weight: 1, arbitrary: fc.tuple(inside, outside) },
        { weight: 1, arbitrary: fc.tuple(outside, inside) },
      ),
      protocol: fc.constantFrom(
        'tcp' as const,
        'tcp' as const,
        'udp' as const,
        'sctp' as const,
        'icmp' as const,
      ),
      port: fc.constantFrom(...ports),
      family: fc.constantFrom('ipv4' as const, 'ipv6' as const),
    })
    .map(({ ends: [from, to], protocol, port, family }): PacketQuestion => {
      const address = [from, to].find((end) => end.kind === 'address')?.address
      const its = address === undefined ? family : address.includes(':') ? 'ipv6' : 'ipv4'
      return { from, to, protocol, ...(protocol === 'icmp' ? {} : { port }), family: its }
    })
}

/** Documentation and public addresses: what pods, nodes and Services have is private. */
function isOutside(address: string): boolean {
  return !/^(10|172|192\.168)\.|^fd/.test(address)
}
