/** The peers of a rule as matches on the other end's address. */
import type { Family, Match, Network, RuleHeader } from '../../kernel/ruleset.ts'
import { podSelectorKey, selectorKey, type Direction, type PlanPeer } from '../plan/plan.ts'
import { parseCidr, type Cidr } from './cidr.ts'
import { peerSide, type Flow, type Side } from './flow.ts'
import { inSet } from './rules.ts'
import { networksSet, nodesSet, podsSet, type SetSpec } from './set-spec.ts'

/** One way to be a wanted peer: what a rule says about it. */
export interface PeerMatch {
  readonly header: RuleHeader
  readonly matches: readonly Match[]
  readonly sets: readonly SetSpec[]
}

const ANYBODY: readonly PeerMatch[] = [{ header: {}, matches: [], sets: [] }]

/** Every pod of the cluster that policies know of. */
const ALL_PODS = podsSet({ namespaces: { labels: {} }, pods: {} }, 'cluster')

/** None: the rule matches no packet of the family. */
export function peerMatches(
  peers: readonly PlanPeer[] | undefined,
  direction: Direction,
  family: Family,
  flow: Flow,
): readonly PeerMatch[] {
  if (peers === undefined) return ANYBODY
  const side = peerSide(direction, flow)
  const found = new Map<string, PeerMatch>()
  const plain: Cidr[] = []
  for (const peer of peers) {
    switch (peer.kind) {
      case 'pods':
        found.set(
          `pods ${podSelectorKey(peer.selector)}`,
          setMatch(podsSet(peer.selector, 'cluster'), side, family),
        )
        break
      case 'nodes':
        found.set(`nodes ${selectorKey(peer.selector)}`, setMatch(nodesSet(peer.selector), side, family))
        break
      case 'network': {
        const cidr = parseCidr(peer.cidr)
        if (cidr?.family !== family) break
        if (peer.except.length === 0 && peer.exceptPods !== true) plain.push(cidr)
        else found.set(JSON.stringify(peer), networkMatch(cidr, peer, side))
        break
      }
      default:
        peer satisfies never
    }
  }
  return [...plainMatches(plain, side), ...found.values()]
}

function setMatch(spec: SetSpec, side: Side, family: Family): PeerMatch {
  return { header: {}, matches: [inSet(spec.base, family, side)], sets: [spec] }
}

/** One network is a match of the header; several are a set. */
function plainMatches(networks: readonly Cidr[], side: Side): PeerMatch[] {
  const [first] = networks
  if (first === undefined) return []
  if (networks.some(({ prefixLength }) => prefixLength === 0)) return [...ANYBODY]
  if (networks.length === 1) return [{ header: addressHeader(first, side), matches: [], sets: [] }]
  const cidrs = networks.map(({ address, prefixLength }) => `${address}/${prefixLength}`)
  return [setMatch(networksSet(cidrs, []), side, first.family)]
}

function networkMatch(
  cidr: Cidr,
  { cidr: text, except, exceptPods = false }: Extract<PlanPeer, { kind: 'network' }>,
  side: Side,
): PeerMatch {
  const { family } = cidr
  const within: PeerMatch =
    except.length > 0
      ? setMatch(networksSet([text], except), side, family)
      : { header: cidr.prefixLength === 0 ? {} : addressHeader(cidr, side), matches: [], sets: [] }
  if (!exceptPods) return within
  return {
    header: within.header,
    matches: [...within.matches, inSet(ALL_PODS.base, family, side, true)],
    sets: [...within.sets, ALL_PODS],
  }
}

function addressHeader({ address, prefixLength }: Cidr, side: Side): RuleHeader {
  const value: Network = { address, prefixLength }
  return side === 'src' ? { source: { value } } : { destination: { value } }
}
