/**
 * Matches as the records of src/abi/match.ts. Nothing is checked here beyond what a record can hold: check.ts has
 * said before that the kernel would take the rule.
 */
import * as M from '../../abi/match.ts'
import { ADDRESS_TYPES, type AddressType, type Family, type Match } from '../../kernel/ruleset.ts'
import { addressWords } from '../address.ts'
import { encodeConntrack, encodeCtstate } from './encode-conntrack.ts'
import { encodePorts, encodeSctp, encodeTcp } from './encode-transport.ts'
import { limitCredits } from './limit.ts'
import { bit, bytes, halves, head, range } from './record.ts'
import type { Resolver } from './resolver.ts'
import type { Words } from './words.ts'

type Of<K extends Match['kind']> = Extract<Match, { kind: K }>

/** Appends the record of `match`; a comment has none. */
export function encodeMatch(out: Words, match: Match, family: Family, resolve: Resolver): void {
  switch (match.kind) {
    case 'comment':
      return
    case 'tcp':
      return encodeTcp(out, match)
    case 'udp':
      out.push(head(M.MATCH_UDP, M.PORTS_SIZE))
      return encodePorts(out, match, 0, 0)
    case 'sctp':
      return encodeSctp(out, match)
    case 'icmp':
    case 'icmp6': {
      const { type, code } = match.icmpType.value
      out.push(head(match.kind === 'icmp' ? M.MATCH_ICMP : M.MATCH_ICMP6, M.ICMP_SIZE))
      out.push(bytes(type, code ?? 0, code ?? 255, bit(match.icmpType.not)))
      return
    }
    case 'multiport': {
      const direction = {
        source: M.MULTIPORT_SOURCE,
        destination: M.MULTIPORT_DESTINATION,
        either: M.MULTIPORT_EITHER,
      }
      out.push(head(M.MATCH_MULTIPORT, M.MULTIPORT_RANGES + 4 * match.ports.length))
      out.push(bytes(direction[match.direction], bit(match.not), match.ports.length, 0))
      for (const ports of match.ports) out.push(range(ports))
      return
    }
    case 'conntrack':
      return encodeConntrack(out, match, family)
    case 'state':
      return encodeCtstate(out, match.state.value, match.state.not)
    case 'mark':
    case 'connmark':
      out.push(head(match.kind === 'mark' ? M.MATCH_MARK : M.MATCH_CONNMARK, M.MARK_SIZE))
      out.push(bit(match.mark.not))
      out.push(match.mark.value.value)
      out.push(match.mark.value.mask)
      return
    case 'statistic':
      return encodeStatistic(out, match)
    case 'recent':
      return encodeRecent(out, match, resolve)
    case 'addrtype': {
      out.push(head(M.MATCH_ADDRTYPE, M.ADDRTYPE_SIZE))
      out.push(halves(addressTypes(match.srcType?.value), addressTypes(match.dstType?.value)))
      out.push(
        (match.srcType?.not ? M.ADDRTYPE_F_NOT_SRC : 0) |
          (match.dstType?.not ? M.ADDRTYPE_F_NOT_DST : 0) |
          (match.limitIface === 'in' ? M.ADDRTYPE_F_LIMIT_IN : 0) |
          (match.limitIface === 'out' ? M.ADDRTYPE_F_LIMIT_OUT : 0),
      )
      return
    }
    case 'physdev': {
      const parts = [match.physdevIn, match.physdevOut, match.isIn, match.isOut, match.isBridged]
      out.push(head(M.MATCH_PHYSDEV, M.PHYSDEV_SIZE))
      out.push(bit(parts.every((part) => part === undefined || part.not === true)))
      return
    }
    case 'set':
      return encodeSet(out, match, resolve)
    case 'limit': {
      const { cost, cap } = limitCredits(match.avg, match.burst)
      out.push(head(M.MATCH_LIMIT, M.LIMIT_SIZE))
      for (const word of [cost, cap, cap, 0, 0]) out.push(word)
      return
    }
    case 'iprange': {
      const { srcRange, dstRange } = match
      out.push(head(M.MATCH_IPRANGE, M.IPRANGE_SIZE))
      out.push(
        (srcRange ? M.IPRANGE_F_SRC : 0) |
          (dstRange ? M.IPRANGE_F_DST : 0) |
          (srcRange?.not ? M.IPRANGE_F_NOT_SRC : 0) |
          (dstRange?.not ? M.IPRANGE_F_NOT_DST : 0),
      )
      for (const side of [srcRange, dstRange]) {
        out.pushAddress(side ? addressWords(side.value.from, family) : [0, 0, 0, 0])
        out.pushAddress(side ? addressWords(side.value.to, family) : [0, 0, 0, 0])
      }
      return
    }
    case 'owner':
      return encodeOwner(out, match)
    case 'nfacct':
      out.push(head(M.MATCH_NFACCT, M.NFACCT_SIZE))
      out.push(resolve.nfacct(match.name))
      return
    case 'tos':
      out.push(head(M.MATCH_TOS, M.TOS_SIZE))
      out.push(bytes(bit(match.tos.not), match.tos.value.value, match.tos.value.mask, 0))
      return
    case 'dscp':
      out.push(head(M.MATCH_TOS, M.TOS_SIZE))
      out.push(bytes(bit(match.dscp.not), match.dscp.value << 2, 0xfc, 0))
      return
    case 'ttl':
    case 'hl': {
      const op = { eq: M.TTL_EQ, ne: M.TTL_NE, lt: M.TTL_LT, gt: M.TTL_GT }[match.op]
      out.push(head(M.MATCH_TTL, M.TTL_SIZE))
      out.push(bytes(op, match.value, 0, 0))
      return
    }
    case 'length':
      out.push(head(M.MATCH_LENGTH_RANGE, M.LENGTH_SIZE))
      out.push(bit(match.length.not))
      out.push(range(match.length.value))
      return
    case 'pkttype': {
      const type = { unicast: 0, broadcast: 1, multicast: 2 }[match.pkttype.value]
      out.push(head(M.MATCH_PKTTYPE, M.PKTTYPE_SIZE))
      out.push(bytes(bit(match.pkttype.not), type, 0, 0))
      return
    }
    case 'rpfilter':
      out.push(head(M.MATCH_RPFILTER, M.RPFILTER_SIZE))
      out.push(
        (match.loose ? M.RPFILTER_LOOSE : 0) |
          (match.validMark ? M.RPFILTER_VALID_MARK : 0) |
          (match.acceptLocal ? M.RPFILTER_ACCEPT_LOCAL : 0) |
          (match.invert ? M.RPFILTER_INVERT : 0),
      )
      return
    case 'unknown':
      out.push(head(M.MATCH_UNKNOWN, M.UNKNOWN_SIZE))
      return
    default:
      return unreachable(match)
  }
}

const unreachable = (value: never): never => value

function encodeStatistic(out: Words, match: Of<'statistic'>): void {
  const { value, not } = match.mode
  if (value.kind === 'random') {
    out.push(head(M.MATCH_RANDOM, M.RANDOM_SIZE))
    out.push(bit(not))
    out.push(value.probability)
    return
  }
  const every = value.every - 1
  out.push(head(M.MATCH_NTH, M.NTH_SIZE))
  for (const word of [bit(not), every, every - value.packet, every - value.packet]) out.push(word)
}

function encodeRecent(out: Words, match: Of<'recent'>, resolve: Resolver): void {
  const command = {
    set: M.RECENT_SET,
    rcheck: M.RECENT_CHECK,
    update: M.RECENT_UPDATE,
    remove: M.RECENT_REMOVE,
  }[match.command]
  const side = match.side === 'rdest' ? M.RECENT_SIDE_DEST : M.RECENT_SIDE_SOURCE
  const flags = (match.reap ? M.RECENT_F_REAP : 0) | (match.rttl ? M.RECENT_F_TTL : 0)
  out.push(head(M.MATCH_RECENT, M.RECENT_SIZE))
  out.push(bytes(command, bit(match.not), side, flags))
  out.push(resolve.recent(match))
  out.push(match.seconds ?? 0)
  out.push(match.hitcount ?? 0)
}

const addressTypes = (names: readonly AddressType[] | undefined): number =>
  (names ?? []).reduce((mask, name) => mask | (1 << ADDRESS_TYPES.indexOf(name)), 0)

function encodeSet(out: Words, match: Of<'set'>, resolve: Resolver): void {
  const counter = (test: Of<'set'>['packets']): number => {
    if (!test) return M.SET_OP_NONE
    if (test.value.op === 'eq') return test.not ? M.SET_OP_NE : M.SET_OP_EQ
    return test.value.op === 'lt' ? M.SET_OP_LT : M.SET_OP_GT
  }
  const { updateCounters, updateSubcounters, packets, bytes: size } = match
  out.push(head(M.MATCH_SET, M.SET_SIZE))
  out.push(resolve.set(match.matchSet.value, match.directions.length))
  out.push(bytes(sources(match.directions), match.directions.length, bit(match.matchSet.not), 0))
  out.push(
    (match.returnNomatch ? M.SET_F_RETURN_NOMATCH : 0) |
      (updateCounters?.not ? M.SET_F_SKIP_COUNTERS : 0) |
      (updateSubcounters?.not ? M.SET_F_SKIP_SUBCOUNTERS : 0),
  )
  out.push(bytes(counter(packets), counter(size), 0, 0))
  for (const value of [packets?.value.value ?? 0, size?.value.value ?? 0]) {
    out.push(value >>> 0)
    out.push(Math.floor(value / 2 ** 32))
  }
}

/** Bit i is set when dimension i of a set reads the packet's source. */
export const sources = (directions: readonly ('src' | 'dst')[]): number =>
  directions.reduce((mask, direction, i) => mask | (direction === 'src' ? 1 << i : 0), 0)

function encodeOwner(out: Words, match: Of<'owner'>): void {
  const parts = [
    [M.OWNER_UID, match.uid],
    [M.OWNER_GID, match.gid],
    [M.OWNER_SOCKET, match.socketExists],
  ] as const
  let given = 0
  let invert = 0
  for (const [flag, part] of parts) {
    if (part) given |= flag
    if (part?.not) invert |= flag
  }
  out.push(head(M.MATCH_OWNER, M.OWNER_SIZE))
  out.push(halves(given, invert))
  for (const ids of [match.uid, match.gid]) {
    out.push(ids?.value.from ?? 0)
    out.push(ids?.value.to ?? 0)
  }
}
