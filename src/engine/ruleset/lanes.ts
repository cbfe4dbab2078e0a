/**
 * What a rule's lanes in a quick block ask of a packet, besides the header's addresses and protocol. It must be implied
 * by the rule, and must be so before anything in the rule has a side effect: a match that counts, draws a random number
 * or remembers an address runs in the kernel even when a later match of the rule fails.
 */
import * as M from '../../abi/match.ts'
import * as R from '../../abi/rule.ts'
import type { Family, Match, Rule, RuleHeader } from '../../kernel/ruleset.ts'
import { stateMask } from './encode-conntrack.ts'

/** Lane words of one rule. */
export interface Lanes {
  net: number
  mask: number
  pp: number
  ppMask: number
}

/** Matches that change nothing and cannot drop the packet by themselves: a port test behind them may go first. */
const PURE: ReadonlySet<Match['kind']> = new Set([
  'comment',
  'conntrack',
  'state',
  'mark',
  'connmark',
  'addrtype',
  'physdev',
  'iprange',
  'owner',
  'tos',
  'dscp',
  'ttl',
  'hl',
  'length',
  'pkttype',
  'rpfilter',
])

const PORT_PROTOCOLS: ReadonlySet<number> = new Set([6, 17, 132])

/**
 * Puts an exact destination port and the connection's states into the lanes, as far as the first match that is not
 * pure. True when the lanes now say all that the rule asks for, so that the walk need not look at the rule itself.
 * `protocol` is the one the rule asks for, 0 for none.
 */
export function matchLanes(
  { header, matches }: Rule,
  family: Family,
  protocol: number,
  lanes: Lanes,
): boolean {
  let whole = isHeaderWhole(header, family)
  let pure = true
  for (const match of matches) {
    const said: boolean = pure && oneMatch(match, protocol, lanes)
    whole &&= said
    pure &&= said || PURE.has(match.kind)
  }
  return whole
}

/** Sets the lanes for a match; true when they say all it asks for. */
function oneMatch(match: Match, protocol: number, lanes: Lanes): boolean {
  switch (match.kind) {
    case 'comment':
      return true
    case 'state':
      stateLane(stateMask(match.state.value), match.state.not === true, lanes)
      return isStateWhole(stateMask(match.state.value), match.state.not === true)
    case 'conntrack': {
      const { kind: _, ctstate, ...others } = match
      if (!ctstate) return false
      const mask = stateMask(ctstate.value)
      stateLane(mask, ctstate.not === true, lanes)
      return (
        isStateWhole(mask, ctstate.not === true) && Object.values(others).every((part) => part === undefined)
      )
    }
    default:
      return portLane(match, protocol, lanes)
  }
}

/** The first test of an exact destination port has the lane. */
function portLane(match: Match, protocol: number, lanes: Lanes): boolean {
  const whole = isTransportWhole(match, protocol)
  const port = PORT_PROTOCOLS.has(protocol) && (lanes.ppMask & 0xffff) === 0 ? exactPort(match) : undefined
  if (port === undefined) return whole && match.destinationPort === undefined
  lanes.pp = (lanes.pp | ((port & 255) << 8) | (port >> 8)) >>> 0
  lanes.ppMask = (lanes.ppMask | 0xffff) >>> 0
  return whole
}

/** A test of the rule's own protocol that may ask for a destination port and asks for nothing else. */
function isTransportWhole(match: Match, protocol: number): match is Match & { kind: 'tcp' | 'udp' | 'sctp' } {
  switch (match.kind) {
    case 'tcp':
      return protocol === 6 && !match.sourcePort && !match.flags && !match.option
    case 'udp':
      return protocol === 17 && !match.sourcePort
    case 'sctp':
      return protocol === 132 && !match.sourcePort && !match.chunks
    default:
      return false
  }
}

/**
 * The packet's state is one bit of LANE_STATES, and SNAT and DNAT may come with it. That none of some bits is set can
 * be asked by a mask: of the states that are not wanted, or of all bits that are not wanted when the match is inverted.
 */
function stateLane(mask: number, not: boolean, lanes: Lanes): void {
  const unwanted = not ? laneBits(mask) : isStateWhole(mask, not) ? R.LANE_STATES & ~laneBits(mask) : 0
  lanes.ppMask = (lanes.ppMask | (unwanted << 24)) >>> 0
}

/** SNAT or DNAT wanted is an "or" that no mask can ask for. */
const isStateWhole = (mask: number, not: boolean): boolean =>
  not || (mask & (M.CTSTATE_SNAT | M.CTSTATE_DNAT)) === 0

const laneBits = (mask: number): number => (mask & 0xff) | (mask & M.CTSTATE_UNTRACKED ? R.LANE_UNTRACKED : 0)

/** Source addresses, interfaces and fragments have no lane, nor has most of an IPv6 address. */
function isHeaderWhole(header: RuleHeader, family: Family): boolean {
  const { source, destination, protocol, fragment, inInterface, outInterface } = header
  if (source || fragment || inInterface || outInterface || protocol?.not) return false
  return destination === undefined || (family === 'ipv4' && !destination.not)
}

function exactPort(match: Match): number | undefined {
  if (match.kind === 'multiport') {
    const ports = match.ports[0]
    if (match.not || match.direction !== 'destination' || match.ports.length !== 1 || !ports) return undefined
    return ports.from === ports.to ? ports.from : undefined
  }
  if (match.kind !== 'tcp' && match.kind !== 'udp' && match.kind !== 'sctp') return undefined
  const ports = match.destinationPort
  return ports && !ports.not && ports.value.from === ports.value.to ? ports.value.from : undefined
}
