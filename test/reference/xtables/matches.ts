/** Matches of the twin: one function a match, after its kernel source. */
import { parseAddress, prefixMask } from '../../../src/kernel/address.ts'
import { protocolNumber } from '../../../src/kernel/iptables/protocols.ts'
import type { Match, Network, Not, PortRange, Rule, RuleHeader } from '../../../src/kernel/ruleset.ts'
import type { Tuple } from '../../support/netfilter/bench.ts'
import type { TwinPacket } from './packet.ts'
import type { TwinWorld } from './world.ts'

/** `value != not`: the answer of a test that may be inverted. */
const flip = (value: boolean, test: { readonly not?: boolean }): boolean => value !== (test.not === true)
const inside = (value: number, range: PortRange): boolean => value >= range.from && value <= range.to

function inNetwork(address: Uint8Array, network: Network): boolean {
  const family = address.length === 4 ? 'ipv4' : 'ipv6'
  const mask =
    network.mask === undefined
      ? prefixMask(family, network.prefixLength)
      : parseAddress(network.mask, family)!
  const wanted = parseAddress(network.address, family)!
  return address.every((byte, i) => ((byte ^ wanted[i]!) & mask[i]!) === 0)
}

function onInterface(name: string | undefined, wanted: string): boolean {
  if (wanted.endsWith('+')) return (name ?? '').startsWith(wanted.slice(0, -1))
  return (name ?? '') === wanted
}

/** ip_packet_match and ip6_packet_match. */
export function headerMatches(header: RuleHeader, packet: TwinPacket): boolean {
  const { source, destination, inInterface, outInterface, protocol, fragment } = header
  if (source && !flip(inNetwork(packet.source, source.value), source)) return false
  if (destination && !flip(inNetwork(packet.destination, destination.value), destination)) return false
  if (inInterface && !flip(onInterface(packet.input.indev, inInterface.value), inInterface)) return false
  if (outInterface && !flip(onInterface(packet.input.outdev, outInterface.value), outInterface)) return false
  if (protocol && protocolNumber(protocol.value) !== 0) {
    const actual = packet.transport.protocol
    if (actual < 0) {
      packet.hotdrop = true
      return false
    }
    if (!flip(actual === protocolNumber(protocol.value), protocol)) return false
  }
  return !fragment || flip(packet.transport.fragment !== 0, fragment)
}

function ports(
  packet: TwinPacket,
  bytes: number,
  source: Not<PortRange> | undefined,
  destination: Not<PortRange> | undefined,
): DataView | undefined {
  if (packet.transport.fragment !== 0) return undefined
  const header = packet.header(bytes)
  if (!header) return undefined
  if (source && !flip(inside(header.getUint16(0), source.value), source)) return undefined
  if (destination && !flip(inside(header.getUint16(2), destination.value), destination)) return undefined
  return header
}

/** True, false, or `unknown`. */
export function matches(match: Match, rule: Rule, packet: TwinPacket, world: TwinWorld): boolean | 'unknown' {
  switch (match.kind) {
    case 'comment':
      return true
    case 'tcp': {
      if (packet.transport.fragment === 1) packet.hotdrop = true
      const header = ports(packet, 20, match.sourcePort, match.destinationPort)
      if (!header) return false
      const { flags, option } = match
      if (flags && !flip((header.getUint8(13) & flags.value.mask) === flags.value.compare, flags))
        return false
      return !option || tcpOption(header, option, packet)
    }
    case 'udp':
      return ports(packet, 8, match.sourcePort, match.destinationPort) !== undefined
    case 'sctp': {
      const header = ports(packet, 12, match.sourcePort, match.destinationPort)
      return header !== undefined && (!match.chunks || flip(chunks(header, match.chunks.value), match.chunks))
    }
    case 'icmp':
    case 'icmp6': {
      if (packet.transport.fragment !== 0) return false
      const header = packet.header(8)
      if (!header) return false
      const { type, code } = match.icmpType.value
      const any = match.kind === 'icmp' && type === 255
      const same = header.getUint8(0) === type && (code === undefined || header.getUint8(1) === code)
      return flip(any || same, match.icmpType)
    }
    case 'multiport': {
      if (packet.transport.fragment !== 0) return false
      const header = packet.header(4)
      if (!header) return false
      const some = match.ports.some(
        (range) =>
          (match.direction !== 'destination' && inside(header.getUint16(0), range)) ||
          (match.direction !== 'source' && inside(header.getUint16(2), range)),
      )
      return flip(some, match)
    }
    case 'conntrack':
      return conntrack(match, packet)
    case 'state':
      return flip(
        stateOf(packet).some((state) => match.state.value.includes(state as never)),
        match.state,
      )
    case 'mark':
      return flip((packet.mark & match.mark.value.mask) >>> 0 === match.mark.value.value, match.mark)
    case 'connmark':
      if (packet.ctmark === undefined) return false
      return flip((packet.ctmark & match.mark.value.mask) >>> 0 === match.mark.value.value, match.mark)
    case 'statistic': {
      const mode = match.mode.value
      if (mode.kind === 'random') return flip((world.random() & 0x7fffffff) < mode.probability, match.mode)
      const state = world.state(rule, match)
      const count = state.nth ?? mode.every - 1 - mode.packet
      state.nth = count === mode.every - 1 ? 0 : count + 1
      return flip(state.nth === 0, match.mode)
    }
    case 'limit':
      return limit(match, world.state(rule, match), world.jiffies())
    case 'recent':
      return world.recent.match(match, packet, world)
    case 'physdev':
      return [match.physdevIn, match.physdevOut, match.isIn, match.isOut, match.isBridged].every(
        (option) => option === undefined || option.not === true,
      )
    case 'iprange': {
      const between = (address: Uint8Array, range: { from: string; to: string }): boolean => {
        const [from, to] = [range.from, range.to].map((text) => parseAddress(text, packet.family)!)
        return Buffer.compare(address, from!) >= 0 && Buffer.compare(address, to!) <= 0
      }
      const { srcRange, dstRange } = match
      if (srcRange && !flip(between(packet.source, srcRange.value), srcRange)) return false
      return !dstRange || flip(between(packet.destination, dstRange.value), dstRange)
    }
    case 'owner':
      return owner(match, packet)
    case 'tos':
      return flip((packet.tos & match.tos.value.mask) === match.tos.value.value, match.tos)
    case 'dscp':
      return flip(packet.tos >> 2 === match.dscp.value, match.dscp)
    case 'ttl':
    case 'hl': {
      const { value } = match
      const { ttl } = packet
      return { eq: ttl === value, ne: ttl !== value, lt: ttl < value, gt: ttl > value }[match.op]
    }
    case 'length':
      return flip(inside(packet.bytes.length, match.length.value), match.length)
    case 'pkttype': {
      const types = ['unicast', 'broadcast', 'multicast']
      return flip(types[packet.input.pkttype ?? 0] === match.pkttype.value, match.pkttype)
    }
    default:
      return 'unknown'
  }
}

function tcpOption(header: DataView, option: Not<number>, packet: TwinPacket): boolean {
  const length = (header.getUint8(12) >> 4) * 4
  if (length < 20) {
    packet.hotdrop = true
    return false
  }
  if (length === 20) return option.not === true
  if (length > header.byteLength) return false
  for (let i = 20; i < length;) {
    const kind = header.getUint8(i)
    if (kind === option.value) return option.not !== true
    i += kind < 2 || i === length - 1 ? 1 : header.getUint8(i + 1) || 1
  }
  return option.not === true
}

function chunks(
  header: DataView,
  { scope, types }: NonNullable<Extract<Match, { kind: 'sctp' }>['chunks']>['value'],
): boolean {
  const missing = new Set(types.map(({ type }) => type))
  let at = 12
  do {
    if (at + 4 > header.byteLength) return false
    const type = header.getUint8(at)
    const flags = header.getUint8(at + 1)
    const length = header.getUint16(at + 2)
    if (length === 0) return false
    at += (length + 3) & ~3
    const asked = types.some((test) => test.type === type)
    const test = types.find((candidate) => candidate.type === type && candidate.flags !== undefined)?.flags
    const fits = !test || (flags & test.mask) === test.compare
    if (scope === 'only' && !(asked && fits)) return false
    if (scope === 'any' && asked && fits) return true
    if (asked && fits) missing.delete(type)
  } while (at < header.byteLength)
  return scope === 'only' || (scope === 'all' && missing.size === 0)
}

const STATUS = { NONE: 0, EXPECTED: 1, SEEN_REPLY: 2, ASSURED: 4, CONFIRMED: 8 }

/** The names of the packet's state; SNAT and DNAT come on top. */
function stateOf({ tracking }: TwinPacket): string[] {
  const { entry, ctinfo } = tracking
  if (!entry) return [ctinfo === 7 ? 'UNTRACKED' : 'INVALID']
  const names = ['ESTABLISHED', 'RELATED', 'NEW', 'ESTABLISHED', 'RELATED']
  return [names[ctinfo]!, ...(entry.status & 0x10 ? ['SNAT'] : []), ...(entry.status & 0x20 ? ['DNAT'] : [])]
}

function conntrack(match: Extract<Match, { kind: 'conntrack' }>, packet: TwinPacket): boolean {
  const { ctstate } = match
  if (
    ctstate &&
    !flip(
      stateOf(packet).some((state) => ctstate.value.includes(state as never)),
      ctstate,
    )
  )
    return false
  const { entry, ctinfo } = packet.tracking
  if (!entry) return ctstate !== undefined
  if (match.ctdir && ctinfo >= 3 !== (match.ctdir === 'REPLY')) return false
  const { original, reply } = entry
  const address = (text: string, test: Not<Network> | undefined): boolean =>
    !test || flip(inNetwork(parseAddress(text, packet.family)!, test.value), test)
  const port = (value: number, test: Not<PortRange> | undefined): boolean =>
    !test || flip(inside(value, test.value), test)
  const tuples = (
    tuple: Tuple,
    [src, dst]: [Not<Network>?, Not<Network>?],
    [sport, dport]: [Not<PortRange>?, Not<PortRange>?],
  ): boolean =>
    address(tuple.source, src) &&
    address(tuple.destination, dst) &&
    port(tuple.sourcePort, sport) &&
    port(tuple.destinationPort, dport)
  const { ctproto, ctstatus, ctexpire } = match
  return (
    tuples(original, [match.ctorigsrc, match.ctorigdst], [match.ctorigsrcport, match.ctorigdstport]) &&
    tuples(reply, [match.ctreplsrc, match.ctrepldst], [match.ctreplsrcport, match.ctrepldstport]) &&
    (!ctproto || flip(original.protocol === protocolNumber(ctproto.value), ctproto)) &&
    (!ctstatus ||
      flip(
        ctstatus.value.some((name) => (entry.status & STATUS[name]) !== 0),
        ctstatus,
      )) &&
    (!ctexpire || flip(inside(entry.expires, ctexpire.value), ctexpire))
  )
}

/** limit_mt, with credits that run full in avg × burst. */
function limit(
  { avg, burst }: Extract<Match, { kind: 'limit' }>,
  state: { credit?: number; last?: number },
  now: number,
): boolean {
  const credits = (user: number): number =>
    user > Math.floor(0xffffffff / 32000)
      ? Math.floor(user / 10000) * 32000
      : Math.floor((user * 32000) / 10000)
  const cap = credits(avg * burst)
  const cost = credits(avg)
  const credit = Math.min(cap, (state.credit ?? cap) + (now - (state.last ?? now)) * 128)
  state.last = now
  state.credit = credit >= cost ? credit - cost : credit
  return credit >= cost
}

function owner(match: Extract<Match, { kind: 'owner' }>, packet: TwinPacket): boolean {
  const given = [match.uid, match.gid, match.socketExists].filter((part) => part !== undefined)
  // A reset over IPv6 that no process sends has no socket, nor has what was received.
  const bare = packet.family === 'ipv6' && packet.input.local === 'kernel' && packet.transport.protocol === 6
  if (!packet.input.local || bare) return given.every((part) => part.not === true)
  if (match.socketExists?.not) return false
  if (packet.input.local === 'kernel')
    return [match.uid, match.gid].every((part) => !part || part.not === true)
  const root = (part: Not<PortRange> | undefined): boolean => !part || flip(part.value.from === 0, part)
  return root(match.uid) && root(match.gid)
}
