/** Targets: the two words of a rule body, and the data that some of them keep behind the match records. */
import * as N from '../../abi/nat.ts'
import * as T from '../../abi/target.ts'
import { NF_ACCEPT, NF_DROP } from '../../abi/verdict.ts'
import type { Family, NatRange, RejectWith, Target } from '../../kernel/ruleset.ts'
import { addressWords, type AddressWords } from '../address.ts'
import { sources } from './encode-match.ts'
import type { Resolver } from './resolver.ts'
import type { Words } from './words.ts'

type Of<K extends Target['kind']> = Extract<Target, { kind: K }>

/** ICMP type << 8 | code of each way to reject. */
export const REJECTS: Readonly<Record<RejectWith, number>> = {
  'icmp-net-unreachable': (3 << 8) | 0,
  'icmp-host-unreachable': (3 << 8) | 1,
  'icmp-proto-unreachable': (3 << 8) | 2,
  'icmp-port-unreachable': (3 << 8) | 3,
  'icmp-net-prohibited': (3 << 8) | 9,
  'icmp-host-prohibited': (3 << 8) | 10,
  'icmp-admin-prohibited': (3 << 8) | 13,
  'tcp-reset': T.REJECT_TCP_RESET,
  'icmp6-no-route': (1 << 8) | 0,
  'icmp6-adm-prohibited': (1 << 8) | 1,
  'icmp6-addr-unreachable': (1 << 8) | 3,
  'icmp6-port-unreachable': (1 << 8) | 4,
  'icmp6-policy-fail': (1 << 8) | 5,
  'icmp6-reject-route': (1 << 8) | 6,
}

/** Writes TARGET_* and its argument at `at`, and appends the target's data. */
export function encodeTarget(
  out: Words,
  at: number,
  target: Target | null,
  family: Family,
  resolve: Resolver,
): void {
  if (target === null) return write(out, at, T.TARGET_NONE)
  switch (target.kind) {
    case 'ACCEPT':
      return write(out, at, T.TARGET_VERDICT, NF_ACCEPT)
    case 'DROP':
      return write(out, at, T.TARGET_VERDICT, NF_DROP)
    case 'RETURN':
      return write(out, at, T.TARGET_RETURN)
    case 'NOTRACK':
      return write(out, at, T.TARGET_NOTRACK)
    case 'TRACE':
      return write(out, at, T.TARGET_TRACE)
    case 'jump':
      return write(out, at, T.TARGET_JUMP, resolve.jump())
    case 'goto':
      return write(out, at, T.TARGET_GOTO, resolve.jump())
    case 'REJECT':
      return write(out, at, T.TARGET_REJECT, REJECTS[target.rejectWith])
    case 'MARK':
      write(out, at, T.TARGET_MARK, target.value)
      return out.push(target.mask)
    case 'CONNMARK':
      write(
        out,
        at,
        T.TARGET_CONNMARK,
        { set: T.CONNMARK_SET, save: T.CONNMARK_SAVE, restore: T.CONNMARK_RESTORE }[target.mode],
      )
      for (const word of [target.value, target.ctmask, target.nfmask, connmarkShift(target)]) out.push(word)
      return
    case 'DNAT':
      write(out, at, T.TARGET_DNAT)
      return encodeRange(out, target.range, family)
    case 'SNAT':
      write(out, at, T.TARGET_SNAT)
      return encodeRange(out, target.range, family)
    case 'MASQUERADE':
      write(out, at, T.TARGET_MASQUERADE)
      return encodeRange(out, target.range, family)
    case 'REDIRECT':
      write(out, at, T.TARGET_REDIRECT)
      return encodeRange(out, target.range, family)
    case 'LOG':
      return write(out, at, T.TARGET_LOG)
    case 'NFLOG':
      return write(out, at, T.TARGET_NFLOG)
    case 'CT':
      return target.notrack
        ? write(out, at, T.TARGET_NOTRACK)
        : write(out, at, T.TARGET_CT, resolve.template(target))
    case 'TCPMSS':
      return write(out, at, T.TARGET_TCPMSS, target.mss === 'clamp-mss-to-pmtu' ? T.TCPMSS_CLAMP : target.mss)
    case 'TTL':
    case 'HL': {
      const op = { set: T.HOPS_SET, inc: T.HOPS_INC, dec: T.HOPS_DEC }[target.op]
      return write(out, at, T.TARGET_HOPS, (op << 8) | target.value)
    }
    case 'TOS':
      return write(out, at, T.TARGET_TOS, (target.mask << 8) | target.value)
    case 'DSCP':
      return write(out, at, T.TARGET_TOS, (0xfc << 8) | (target.value << 2))
    case 'SET':
      return encodeSetTarget(out, at, target, resolve)
    case 'unknown':
      return write(out, at, T.TARGET_UNKNOWN)
    default:
      return unreachable(target)
  }
}

function write(out: Words, at: number, type: number, arg = 0): void {
  out.words[at] = type
  out.words[at + 1] = arg
}

const unreachable = (value: never): never => value

function connmarkShift({ shift }: Of<'CONNMARK'>): number {
  if (!shift) return 0
  return shift.bits | (shift.direction === 'right' ? T.TARGET_CONNMARK_RIGHT : 0)
}

function encodeSetTarget(out: Words, at: number, target: Of<'SET'>, resolve: Resolver): void {
  out.words[at] = T.TARGET_SET
  out.words[at + 1] = target.operation === 'add' ? T.SET_ADD : T.SET_DEL
  out.push(resolve.set(target.set, target.directions.length))
  out.push(
    sources(target.directions) |
      (target.directions.length << 8) |
      (target.exist ? 1 << 16 : 0) |
      (target.timeout !== undefined ? 1 << 24 : 0),
  )
  out.push(target.timeout ?? 0)
}

const networkOrder = (port: number): number => ((port & 255) << 8) | (port >> 8)

/** struct nf_nat_range2 of a target's range: see src/abi/nat.ts. */
function encodeRange(out: Words, range: NatRange, family: Family): void {
  const { addresses, ports } = range
  out.push(
    (addresses ? N.NF_NAT_RANGE_MAP_IPS : 0) |
      (ports ? N.NF_NAT_RANGE_PROTO_SPECIFIED : 0) |
      (range.random ? N.NF_NAT_RANGE_PROTO_RANDOM : 0) |
      (range.randomFully ? N.NF_NAT_RANGE_PROTO_RANDOM_FULLY : 0) |
      (range.persistent ? N.NF_NAT_RANGE_PERSISTENT : 0),
  )
  out.push(ports ? networkOrder(ports.from) | (networkOrder(ports.to) << 16) : 0)
  out.push(0)
  out.push(0)
  const from = addresses ? addressWords(addresses.from, family) : NO_ADDRESS
  out.pushAddress(from)
  out.pushAddress(addresses && addresses.to !== addresses.from ? addressWords(addresses.to, family) : from)
}

const NO_ADDRESS: AddressWords = [0, 0, 0, 0]
