import * as fc from 'fast-check'
import type { AddressType, ConntrackState, ConntrackStatus, Family, Match } from '../../src/kernel/ruleset.ts'
import { only, type Place } from './place.ts'
import {
  arbitraryAddress,
  arbitraryMark,
  arbitraryNetwork,
  arbitraryPortRange,
  maybeNot,
  optional,
} from './values.ts'

/** Sets that the campaign's script makes, by family: name and the number of dimensions. */
export const SETS = {
  ipv4: [
    ['ips4', 1],
    ['nets4', 1],
    ['ipport4', 2],
    ['ipportip4', 3],
    ['ipportnet4', 3],
    ['netport4', 2],
    ['ports', 1],
    ['list4', 1],
  ],
  ipv6: [
    ['ips6', 1],
    ['nets6', 1],
    ['ipport6', 2],
    ['ipportip6', 3],
    ['ipportnet6', 3],
    ['netport6', 2],
    ['ports', 1],
    ['list6', 1],
  ],
} as const

const STATES: readonly ConntrackState[] = [
  'INVALID',
  'NEW',
  'ESTABLISHED',
  'RELATED',
  'UNTRACKED',
  'SNAT',
  'DNAT',
]
const STATUSES: readonly ConntrackStatus[] = ['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED']
const TYPES: readonly AddressType[] = [
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'MULTICAST',
  'UNREACHABLE',
  'BLACKHOLE',
  'PROHIBIT',
]

/** Up to three matches of different kinds that the kernel accepts with this protocol at this place. */
export function arbitraryMatches(
  family: Family,
  place: Place,
  protocol: string | undefined,
): fc.Arbitrary<Match[]> {
  const own = protocolMatch(protocol)
  const others = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Match[]>([]) },
    { weight: 3, arbitrary: arbitraryMatch(family, place, protocol).map((match) => [match]) },
    {
      weight: 1,
      arbitrary: fc.uniqueArray(arbitraryMatch(family, place, protocol), {
        minLength: 2,
        maxLength: 3,
        selector: ({ kind }) => kind,
      }),
    },
  )
  if (own === undefined) return others
  return fc
    .tuple(optional(1, own), others)
    .map(([first, rest]) => (first === undefined ? rest : [first, ...rest]))
}

function protocolMatch(protocol: string | undefined): fc.Arbitrary<Match> | undefined {
  const ports = {
    sourcePort: optional(2, maybeNot(arbitraryPortRange)),
    destinationPort: optional(1, maybeNot(arbitraryPortRange)),
  }
  switch (protocol) {
    case 'tcp':
      return fc
        .record({
          kind: fc.constant('tcp' as const),
          ...ports,
          flags: optional(
            3,
            maybeNot(
              fc
                .tuple(fc.constantFrom(0x17, 6, 0x3f, 4, 2, 0x10), fc.constantFrom(2, 0x12, 4, 0x3f, 0, 1))
                .map(([mask, compare]) => ({ mask, compare: compare & mask })),
            ),
          ),
          option: optional(10, maybeNot(fc.constantFrom(2, 3, 8, 19))),
        })
        .map(defined)
    case 'udp':
      return fc.record({ kind: fc.constant('udp' as const), ...ports }).map(defined)
    case 'sctp':
      return fc
        .record({
          kind: fc.constant('sctp' as const),
          ...ports,
          chunks: optional(
            1,
            maybeNot(
              fc.record({
                scope: fc.constantFrom('any' as const, 'all' as const, 'only' as const),
                types: fc.uniqueArray(
                  fc.oneof(
                    fc.constantFrom(1, 2, 3, 10, 11, 7).map((type) => ({ type })),
                    fc.constantFrom(0, 1, 3).map((compare) => ({ type: 0, flags: { mask: 3, compare } })),
                  ),
                  { minLength: 1, maxLength: 3, selector: ({ type }) => type },
                ),
              }),
            ),
          ),
        })
        .map(defined)
    case 'icmp':
      return icmpMatch('icmp', [0, 3, 8, 11, 5, 255], [undefined, 0, 1, 3])
    case 'ipv6-icmp':
      return icmpMatch('icmp6', [1, 2, 3, 128, 129], [undefined, 0, 4])
    default:
      return undefined
  }
}

function icmpMatch(
  kind: 'icmp' | 'icmp6',
  types: readonly number[],
  codes: readonly (number | undefined)[],
): fc.Arbitrary<Match> {
  return maybeNot(
    fc
      .tuple(fc.constantFrom(...types), fc.constantFrom(...codes))
      .map(([type, code]) => (code === undefined || type === 255 ? { type } : { type, code })),
  ).map((icmpType) => ({ kind, icmpType }))
}

function arbitraryMatch(family: Family, place: Place, protocol: string | undefined): fc.Arbitrary<Match> {
  const choices: { weight: number; arbitrary: fc.Arbitrary<Match> }[] = [
    { weight: 6, arbitrary: conntrackMatch(family) },
    { weight: 2, arbitrary: stateMatch() },
    { weight: 3, arbitrary: markMatch() },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('why', 'two words', 'a "quote"')
        .map((comment) => ({ kind: 'comment', comment })),
    },
    { weight: 2, arbitrary: statisticMatch() },
    { weight: 2, arbitrary: recentMatch(family) },
    { weight: 2, arbitrary: addrtypeMatch(family) },
    { weight: 4, arbitrary: setMatch(family) },
    {
      weight: 1,
      arbitrary: fc.nat({ max: 3 }).map((burst) => ({ kind: 'limit', avg: 36_000_000, burst: burst + 1 })),
    },
    { weight: 2, arbitrary: iprangeMatch(family) },
    { weight: 1, arbitrary: maybeNot(arbitraryTos()).map((tos) => ({ kind: 'tos', tos })) },
    {
      weight: 1,
      arbitrary: maybeNot(fc.constantFrom(0, 1, 4, 46, 63)).map((dscp) => ({ kind: 'dscp', dscp })),
    },
    { weight: 2, arbitrary: ttlMatch(family) },
    { weight: 2, arbitrary: lengthMatch() },
    {
      weight: 1,
      arbitrary: maybeNot(
        fc.constantFrom('unicast' as const, 'broadcast' as const, 'multicast' as const),
      ).map((pkttype) => ({ kind: 'pkttype', pkttype })),
    },
  ]
  if (protocol !== undefined && ['tcp', 'udp', 'sctp'].includes(protocol)) {
    choices.push({ weight: 5, arbitrary: multiportMatch() })
  }
  if (!place.user && only(place, 'PREROUTING') && ['raw', 'mangle'].includes(place.table)) {
    choices.push({ weight: 3, arbitrary: rpfilterMatch() })
  }
  if (!place.user && only(place, 'OUTPUT', 'POSTROUTING'))
    choices.push({ weight: 2, arbitrary: ownerMatch() })
  return fc.oneof(...choices)
}

function conntrackMatch(family: Family): fc.Arbitrary<Match> {
  const ports = optional(8, maybeNot(arbitraryPortRange))
  const network = optional(8, maybeNot(arbitraryNetwork(family)))
  return fc
    .record({
      kind: fc.constant('conntrack' as const),
      ctstate: optional(1, maybeNot(fc.subarray([...STATES], { minLength: 1, maxLength: 3 }))),
      ctstatus: optional(6, maybeNot(arbitraryStatus())),
      ctproto: optional(10, maybeNot(fc.constantFrom('tcp', 'udp'))),
      ctorigsrc: network,
      ctorigdst: network,
      ctreplsrc: network,
      ctrepldst: network,
      ctorigsrcport: ports,
      ctorigdstport: ports,
      ctreplsrcport: ports,
      ctrepldstport: ports,
      ctexpire: optional(
        12,
        maybeNot(fc.constantFrom({ from: 0, to: 400_000 }, { from: 200, to: 1000 }, { from: 15, to: 45 })),
      ),
      ctdir: optional(6, fc.constantFrom('ORIGINAL' as const, 'REPLY' as const)),
    })
    .map(defined)
    .filter((match) => Object.keys(match).length > 1)
}

/** NONE is a status of its own: it is never listed with others. */
function arbitraryStatus(): fc.Arbitrary<ConntrackStatus[]> {
  const listed = STATUSES.filter((status) => status !== 'NONE')
  return fc.oneof(
    { weight: 4, arbitrary: fc.subarray(listed, { minLength: 1, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.constant<ConntrackStatus[]>(['NONE']) },
  )
}

function stateMatch(): fc.Arbitrary<Match> {
  const states = STATES.filter((state) => state !== 'SNAT' && state !== 'DNAT')
  return maybeNot(fc.subarray(states, { minLength: 1, maxLength: 3 })).map((state) => ({
    kind: 'state',
    state,
  }))
}

function markMatch(): fc.Arbitrary<Match> {
  return fc
    .tuple(fc.constantFrom('mark' as const, 'connmark' as const), maybeNot(arbitraryMark))
    .map(([kind, mark]) => ({ kind, mark }))
}

/** Random with probability 0 or 1 only: anything between is the kernel's own draw. */
function statisticMatch(): fc.Arbitrary<Match> {
  const random = fc
    .constantFrom(0, 0x80000000)
    .map((probability) => ({ kind: 'random' as const, probability }))
  const nth = fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.nat({ max: 3 }))
    .map(([every, packet]) => ({ kind: 'nth' as const, every, packet: Math.min(packet, every - 1) }))
  return maybeNot(fc.oneof({ weight: 1, arbitrary: random }, { weight: 4, arbitrary: nth })).map((mode) => ({
    kind: 'statistic',
    mode,
  }))
}

function recentMatch(family: Family): fc.Arbitrary<Match> {
  const full = family === 'ipv4' ? '255.255.255.255' : 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'
  return fc
    .record({
      command: fc.constantFrom('set' as const, 'rcheck' as const, 'update' as const, 'remove' as const),
      not: fc.boolean(),
      name: fc.constantFrom('one', 'two'),
      side: fc.constantFrom('rsource' as const, 'rdest' as const),
      seconds: optional(1, fc.constantFrom(60, 600)),
      hitcount: optional(1, fc.integer({ min: 1, max: 4 })),
      rttl: optional(4, fc.constant(true)),
      reap: optional(8, fc.constant(true)),
    })
    .map(({ command, not, name, side, seconds, hitcount, rttl, reap }): Match => {
      const base = { kind: 'recent' as const, command, ...(not && { not }), name, side, mask: `${full}` }
      if (command === 'set') return base
      if (command === 'remove') return base
      return {
        ...base,
        ...(seconds !== undefined && { seconds }),
        ...(hitcount !== undefined && { hitcount }),
        ...(rttl && { rttl }),
        ...(reap && seconds !== undefined && { reap }),
      }
    })
}

function addrtypeMatch(family: Family): fc.Arbitrary<Match> {
  // The kernel refuses the others for IPv6 (net/netfilter/xt_addrtype.c: addrtype_mt_checkentry_v1).
  const types: readonly AddressType[] =
    family === 'ipv4' ? TYPES : ['UNICAST', 'LOCAL', 'MULTICAST', 'ANYCAST', 'UNREACHABLE']
  const list = maybeNot(fc.subarray([...types], { minLength: 1, maxLength: 2 }))
  return fc
    .record({
      kind: fc.constant('addrtype' as const),
      srcType: optional(1, list),
      dstType: optional(1, list),
    })
    .filter(({ srcType, dstType }) => srcType !== undefined || dstType !== undefined)
    .map(defined)
}

function setMatch(family: Family): fc.Arbitrary<Match> {
  return fc.constantFrom(...SETS[family]).chain(([name, dimensions]) =>
    fc
      .tuple(
        maybeNot(fc.constant<string>(name)),
        fc.array(fc.constantFrom('src' as const, 'dst' as const), {
          minLength: dimensions,
          maxLength: dimensions,
        }),
        optional(6, fc.constant(true as const)),
      )
      .map(([matchSet, directions, returnNomatch]) => ({
        kind: 'set' as const,
        matchSet,
        directions,
        ...(returnNomatch && { returnNomatch }),
      })),
  )
}

function iprangeMatch(family: Family): fc.Arbitrary<Match> {
  const range = maybeNot(
    fc.tuple(arbitraryAddress(family), arbitraryAddress(family)).map(([x, y]) => {
      const [from, to] = [x, y].toSorted(byAddress)
      return { from: from!, to: to! }
    }),
  )
  return fc
    .record({
      kind: fc.constant('iprange' as const),
      srcRange: optional(1, range),
      dstRange: optional(1, range),
    })
    .filter(({ srcRange, dstRange }) => srcRange !== undefined || dstRange !== undefined)
    .map(defined)
}

/** The pool's addresses differ only in groups that compare as numbers. */
function byAddress(x: string, y: string): number {
  const groups = (text: string): number[] =>
    expand(text)
      .split(/[.:]/)
      .map((group) => Number.parseInt(group, text.includes(':') ? 16 : 10))
  const [left, right] = [groups(x), groups(y)]
  const index = left.findIndex((group, at) => group !== right[at])
  return index < 0 ? 0 : left[index]! - right[index]!
}

function expand(text: string): string {
  if (!text.includes('::')) return text
  const [head, tail] = text.split('::')
  const have = `${head}:${tail}`.split(':').filter((group) => group !== '').length
  return [head, ...Array.from({ length: 8 - have }, () => '0'), tail]
    .filter((group) => group !== '')
    .join(':')
}

function arbitraryTos(): fc.Arbitrary<{ value: number; mask: number }> {
  return fc
    .tuple(fc.constantFrom(0, 0x10, 0x04, 0xb8), fc.constantFrom(0xff, 0x3f, 0x10))
    .map(([value, mask]) => ({ value: value & mask, mask }))
}

function ttlMatch(family: Family): fc.Arbitrary<Match> {
  const ops = family === 'ipv4' ? (['eq', 'ne', 'lt', 'gt'] as const) : (['eq', 'ne', 'lt', 'gt'] as const)
  return fc
    .tuple(fc.constantFrom(...ops), fc.constantFrom(1, 2, 63, 64))
    .map(([op, value]) => ({ kind: family === 'ipv4' ? 'ttl' : 'hl', op, value }))
}

function lengthMatch(): fc.Arbitrary<Match> {
  return maybeNot(
    fc
      .tuple(fc.constantFrom(0, 28, 40, 48, 60), fc.constantFrom(0, 8, 60, 1500))
      .map(([from, more]) => ({ from, to: from + more })),
  ).map((length) => ({ kind: 'length', length }))
}

function multiportMatch(): fc.Arbitrary<Match> {
  return fc
    .tuple(
      fc.constantFrom('source' as const, 'destination' as const, 'either' as const),
      fc.array(arbitraryPortRange, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
    )
    .map(([direction, ports, not]) => ({ kind: 'multiport', direction, ports, ...(not && { not }) }))
}

function rpfilterMatch(): fc.Arbitrary<Match> {
  const flag = optional(2, fc.constant(true))
  return fc
    .record({
      kind: fc.constant('rpfilter' as const),
      loose: flag,
      validMark: flag,
      acceptLocal: flag,
      invert: flag,
    })
    .map(defined)
}

function ownerMatch(): fc.Arbitrary<Match> {
  return fc.constantFrom<Match>(
    { kind: 'owner', socketExists: {} },
    { kind: 'owner', socketExists: { not: true } },
    { kind: 'owner', uid: { value: { from: 0, to: 0 } } },
    { kind: 'owner', uid: { value: { from: 0, to: 0 }, not: true } },
  )
}

function defined<T extends object>(record: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>
  }
}
