/**
 * What iptables and the kernel refuse when a table is loaded, apart from what depends on the chains' graph: the
 * `table`, `proto` and checkentry parts of xt_match and xt_target, and the checks of the iptables program that no
 * ruleset in a kernel could have passed. One Problem, at the first rule at fault.
 */
import type { Chain, Family, Match, PortRange, Rule, TableName, Target } from '../../kernel/ruleset.ts'
import { protocolNumber } from '../../kernel/iptables/protocols.ts'
import { IPPROTO_DCCP, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_SCTP, IPPROTO_TCP } from '../../abi/headers.ts'
import { IPPROTO_UDP, IPPROTO_UDPLITE } from '../../abi/headers.ts'
import { limitCredits } from './limit.ts'
import { addressWords } from '../address.ts'

/** Throws nothing: returns what is wrong with the rule, undefined when the kernel would take it. */
export function ruleFault(rule: Rule, table: TableName, chain: Chain, family: Family): string | undefined {
  const { inInterface, outInterface, protocol, fragment } = rule.header
  if (chain.policy !== null) {
    if (outInterface && (chain.name === 'PREROUTING' || chain.name === 'INPUT'))
      return `Can't use -o with ${chain.name}`
    if (inInterface && (chain.name === 'OUTPUT' || chain.name === 'POSTROUTING'))
      return `Can't use -i with ${chain.name}`
  }
  const device = badName(inInterface) ?? badName(outInterface)
  if (device !== undefined) return `interface name "${device}" must be 1 to 15 characters long`
  if (fragment && family === 'ipv6') return '-f is only valid for IPv4'
  const number = protocol ? protocolNumber(protocol.value) : 0
  if (protocol?.not && number === 0) return 'rule would never match protocol'
  const proto = protocol?.not ? 0 : number
  const { matches } = rule
  for (let i = 0; i < matches.length; i++) {
    const fault = matchFault(matches[i]!, proto, table, family)
    if (fault !== undefined) return fault
  }
  return rule.target === null ? undefined : targetFault(rule.target, rule, proto, table, family)
}

const badName = (device: { readonly value: string } | undefined): string | undefined =>
  device && (device.value.length === 0 || device.value.length > 15) ? device.value : undefined

const PROTOCOLS: ReadonlyMap<string, readonly [number, string]> = new Map([
  ['tcp', [IPPROTO_TCP, 'tcp']],
  ['udp', [IPPROTO_UDP, 'udp']],
  ['sctp', [IPPROTO_SCTP, 'sctp']],
  ['icmp', [IPPROTO_ICMP, 'icmp']],
  ['icmp6', [IPPROTO_ICMPV6, 'ipv6-icmp']],
])
const MULTIPORT: readonly number[] = [IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_SCTP, IPPROTO_DCCP]
const FAMILY_OF: ReadonlyMap<string, Family> = new Map([
  ['icmp', 'ipv4'],
  ['ttl', 'ipv4'],
  ['TTL', 'ipv4'],
  ['icmp6', 'ipv6'],
  ['hl', 'ipv6'],
  ['HL', 'ipv6'],
])

const badRange = (range: PortRange | undefined, top: number): boolean =>
  range !== undefined && !(range.from >= 0 && range.from <= range.to && range.to <= top)

const portFault = (ports: PortRange | undefined): string | undefined =>
  badRange(ports, 65535) ? `invalid port range ${ports!.from}:${ports!.to}` : undefined

function matchFault(match: Match, proto: number, table: TableName, family: Family): string | undefined {
  if (match.kind === 'comment') return undefined
  const needs = PROTOCOLS.get(match.kind)
  if (needs && proto !== needs[0]) return `match ${match.kind} is only valid with -p ${needs[1]}`
  const only = FAMILY_OF.get(match.kind)
  if (only && only !== family) return `match ${match.kind} is not valid for ${family}`
  switch (match.kind) {
    case 'tcp':
    case 'udp':
    case 'sctp':
      return portFault(match.sourcePort?.value) ?? portFault(match.destinationPort?.value)
    case 'multiport': {
      if (!MULTIPORT.includes(proto))
        return 'match multiport is only valid with -p tcp, udp, udplite, sctp or dccp'
      const slots = match.ports.reduce((sum, ports) => sum + (ports.from === ports.to ? 1 : 2), 0)
      if (slots === 0) return 'match multiport needs a port'
      if (slots > 15) return 'match multiport takes at most 15 ports, a range counting as two'
      const bad = match.ports.find((ports) => badRange(ports, 65535))
      return bad && `invalid port range ${bad.from}:${bad.to}`
    }
    case 'statistic': {
      const mode = match.mode.value
      if (mode.kind === 'random')
        return mode.probability >= 0 && mode.probability <= 0x80000000
          ? undefined
          : 'match statistic: the probability is not in 0..1'
      if (!(mode.every >= 1)) return 'match statistic: --every must be at least 1'
      return mode.packet >= 0 && mode.packet < mode.every
        ? undefined
        : `match statistic: --packet must be in 0..${mode.every - 1}`
    }
    case 'recent':
      return recentFault(match)
    case 'addrtype': {
      const types = [...(match.srcType?.value ?? []), ...(match.dstType?.value ?? [])]
      const not6 = ['BROADCAST', 'BLACKHOLE', 'PROHIBIT', 'THROW', 'NAT', 'XRESOLVE']
      const bad = family === 'ipv6' && types.find((type) => not6.includes(type))
      return bad ? `match addrtype: ${bad} is not supported for IPv6` : undefined
    }
    case 'physdev':
      return match.physdevIn || match.physdevOut || match.isIn || match.isOut || match.isBridged
        ? undefined
        : 'match physdev: no physdev option given'
    case 'limit': {
      if (match.burst === 0 || limitCredits(match.avg, match.burst).cap < limitCredits(match.avg, 1).cap)
        return `match limit: overflow, try lower: ${match.avg}/${match.burst}`
      return undefined
    }
    case 'iprange':
      return rangeFault(match.srcRange?.value, family) ?? rangeFault(match.dstRange?.value, family)
    case 'owner':
      return badRange(match.uid?.value, 0xfffffffe) || badRange(match.gid?.value, 0xfffffffe)
        ? 'match owner: invalid range of ids'
        : undefined
    case 'dscp':
      return match.dscp.value >= 0 && match.dscp.value <= 63
        ? undefined
        : 'match dscp: the class is not in 0..63'
    case 'length':
      return badRange(match.length.value, 65535) ? 'match length: invalid range' : undefined
    case 'rpfilter':
      return table === 'raw' || table === 'mangle'
        ? undefined
        : `match rpfilter is only valid in the raw and mangle tables, not ${table}`
    case 'set':
      return match.directions.length >= 1 && match.directions.length <= 6
        ? undefined
        : 'match set takes 1 to 6 directions'
    default:
      return undefined
  }
}

function rangeFault(range: { from: string; to: string } | undefined, family: Family): string | undefined {
  if (!range) return undefined
  const from = addressWords(range.from, family)
  const to = addressWords(range.to, family)
  const swap = (word: number): number =>
    ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word & 0xff00) << 8) | (word << 24)) >>> 0
  for (const i of [0, 1, 2, 3] as const) {
    if (from[i] === to[i]) continue
    return swap(from[i]) < swap(to[i]) ? undefined : `match iprange: ${range.from}-${range.to} is empty`
  }
  return undefined
}

function recentFault(match: Extract<Match, { kind: 'recent' }>): string | undefined {
  const { command, seconds, hitcount, reap, rttl, name } = match
  if (name === '' || name.length >= 200 || name.includes('/') || name === '.' || name === '..')
    return `match recent: "${name}" is not a valid name of a list`
  if (command === 'set' || command === 'remove') {
    if (seconds || hitcount || reap || rttl)
      return `match recent: --seconds, --hitcount, --reap and --rttl do not go with --${command}`
  }
  if (reap && !seconds) return 'match recent: --reap needs --seconds'
  if ((hitcount ?? 0) >= 65536) return 'match recent: --hitcount must be below 65536'
  return undefined
}

const TABLE_OF: ReadonlyMap<string, TableName> = new Map([
  ['REJECT', 'filter'],
  ['DNAT', 'nat'],
  ['SNAT', 'nat'],
  ['MASQUERADE', 'nat'],
  ['REDIRECT', 'nat'],
  ['NOTRACK', 'raw'],
  ['CT', 'raw'],
  ['TRACE', 'raw'],
  ['TTL', 'mangle'],
  ['HL', 'mangle'],
  ['TOS', 'mangle'],
  ['DSCP', 'mangle'],
])
const PORT_PROTOCOLS: readonly number[] = [
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_SCTP,
  IPPROTO_DCCP,
  IPPROTO_UDPLITE,
]

function targetFault(
  target: Target,
  rule: Rule,
  proto: number,
  table: TableName,
  family: Family,
): string | undefined {
  if (target.kind === 'jump' || target.kind === 'ACCEPT') return undefined
  const only = TABLE_OF.get(target.kind)
  if (only && only !== table) return `target ${target.kind} is only valid in the ${only} table, not ${table}`
  const of = FAMILY_OF.get(target.kind)
  if (of && of !== family) return `target ${target.kind} is not valid for ${family}`
  switch (target.kind) {
    case 'DROP':
      return table === 'nat'
        ? 'The "nat" table is not intended for filtering, the use of DROP is therefore inhibited.'
        : undefined
    case 'REJECT': {
      if (target.rejectWith === 'tcp-reset')
        return proto === IPPROTO_TCP ? undefined : 'target REJECT: tcp-reset is only valid with -p tcp'
      const v6 = target.rejectWith.startsWith('icmp6-')
      return v6 === (family === 'ipv6')
        ? undefined
        : `target REJECT: ${target.rejectWith} is not valid for ${family}`
    }
    case 'DNAT':
    case 'SNAT':
    case 'MASQUERADE':
    case 'REDIRECT': {
      const { addresses, ports } = target.range
      if (addresses && (target.kind === 'MASQUERADE' || target.kind === 'REDIRECT'))
        return `target ${target.kind} takes no addresses`
      if (!addresses && !ports && target.kind === 'SNAT') return 'target SNAT needs --to-source'
      if (badRange(ports, 65535))
        return `target ${target.kind}: invalid port range ${ports!.from}-${ports!.to}`
      if (ports && !PORT_PROTOCOLS.includes(proto) && proto !== IPPROTO_ICMP && proto !== IPPROTO_ICMPV6)
        return `target ${target.kind}: need TCP, UDP, SCTP or DCCP with port specification`
      return undefined
    }
    case 'TCPMSS': {
      if (proto !== IPPROTO_TCP) return 'target TCPMSS is only valid with -p tcp'
      const syn = rule.matches.some(
        (match) =>
          match.kind === 'tcp' && match.flags && !match.flags.not && (match.flags.value.compare & 2) !== 0,
      )
      return syn ? undefined : 'target TCPMSS: only works on TCP SYN packets'
    }
    case 'TTL':
    case 'HL':
      if (!(target.value >= 0 && target.value <= 255))
        return `target ${target.kind}: the value is not in 0..255`
      return target.op !== 'set' && target.value === 0
        ? `target ${target.kind}: ${target.op} by 0 is not allowed`
        : undefined
    case 'DSCP':
      return target.value >= 0 && target.value <= 63 ? undefined : 'target DSCP: the class is not in 0..63'
    case 'SET':
      return target.directions.length >= 1 && target.directions.length <= 6
        ? undefined
        : 'target SET takes 1 to 6 directions'
    default:
      return undefined
  }
}
