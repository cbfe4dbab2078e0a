import * as fc from 'fast-check'
import type { Family, NatRange, RejectWith, Target } from '../../src/kernel/ruleset.ts'
import { SETS } from './match.ts'
import { only, type Place } from './place.ts'
import { ADDRESSES } from './flow.ts'
import { arbitraryMark, arbitraryPort, optional } from './values.ts'

const REJECTS: Readonly<Record<Family, readonly RejectWith[]>> = {
  ipv4: [
    'icmp-net-unreachable',
    'icmp-host-unreachable',
    'icmp-proto-unreachable',
    'icmp-port-unreachable',
    'icmp-net-prohibited',
    'icmp-host-prohibited',
    'icmp-admin-prohibited',
  ],
  ipv6: [
    'icmp6-no-route',
    'icmp6-adm-prohibited',
    'icmp6-addr-unreachable',
    'icmp6-port-unreachable',
    'icmp6-policy-fail',
    'icmp6-reject-route',
  ],
}

interface Choice {
  readonly weight: number
  readonly arbitrary: fc.Arbitrary<Target | null>
}

/** A target that the kernel accepts at this place, or none. Packets should get far: ACCEPT and DROP are rare. */
export function arbitraryTarget(
  family: Family,
  place: Place,
  protocol: string | undefined,
): fc.Arbitrary<Target | null> {
  const one = (weight: number, target: Target | null): Choice => ({ weight, arbitrary: fc.constant(target) })
  const choices: Choice[] = [
    one(6, null),
    one(3, { kind: 'ACCEPT' }),
    one(2, { kind: 'RETURN' }),
    { weight: 4, arbitrary: arbitraryMark.map((mark) => ({ kind: 'MARK', ...mark })) },
    { weight: 2, arbitrary: connmarkTarget() },
    { weight: 2, arbitrary: setTarget(family) },
  ]
  if (place.table !== 'nat') choices.push(one(1, { kind: 'DROP' }))
  if (place.jumps.length > 0) {
    const jump = fc
      .tuple(
        fc.constantFrom('jump' as const, 'jump' as const, 'goto' as const),
        fc.constantFrom(...place.jumps),
      )
      .map(([kind, chain]) => ({ kind, chain }))
    choices.push({ weight: 5, arbitrary: jump })
  }
  switch (place.table) {
    case 'filter':
      choices.push({ weight: 3, arbitrary: rejectTarget(family, protocol) })
      break
    case 'nat':
      choices.push(...natTargets(family, place, protocol))
      break
    case 'mangle':
      choices.push(...mangleTargets(family, place, protocol))
      break
    case 'raw':
      choices.push(one(1, { kind: 'CT', notrack: true }), { weight: 1, arbitrary: zoneTarget() })
      break
    case 'security':
      break
  }
  return fc.oneof(...choices)
}

function connmarkTarget(): fc.Arbitrary<Target> {
  return fc
    .tuple(fc.constantFrom('set' as const, 'save' as const, 'restore' as const), arbitraryMark, arbitraryMark)
    .map(([mode, mark, other]) => {
      if (mode === 'set')
        return { kind: 'CONNMARK', mode, value: mark.value, ctmask: mark.mask, nfmask: 0xffffffff }
      return { kind: 'CONNMARK', mode, value: 0, ctmask: mark.mask, nfmask: other.mask }
    })
}

function setTarget(family: Family): fc.Arbitrary<Target> {
  const addable = SETS[family].filter(([name]) => /^(ips|ipport\d)/.test(name))
  return fc.constantFrom(...addable).chain(([name, dimensions]) =>
    fc
      .tuple(
        fc.constantFrom('add' as const, 'del' as const),
        fc.array(fc.constantFrom('src' as const, 'dst' as const), {
          minLength: dimensions,
          maxLength: dimensions,
        }),
        fc.boolean(),
      )
      .map(([operation, directions, exist]) => ({
        kind: 'SET' as const,
        operation,
        set: name,
        directions,
        ...(operation === 'add' && exist && { exist }),
      })),
  )
}

function rejectTarget(family: Family, protocol: string | undefined): fc.Arbitrary<Target> {
  const kinds =
    protocol === 'tcp' ? [...REJECTS[family], 'tcp-reset' as const, 'tcp-reset' as const] : REJECTS[family]
  return fc.constantFrom(...kinds).map((rejectWith) => ({ kind: 'REJECT', rejectWith }))
}

function natTargets(family: Family, place: Place, protocol: string | undefined): Choice[] {
  const ports = ['tcp', 'udp', 'sctp'].includes(protocol ?? '')
  const { a, b, node } = ADDRESSES[family]
  const range = (pool: readonly string[], random: boolean): fc.Arbitrary<NatRange> =>
    fc
      .tuple(
        fc.constantFrom(...pool),
        ports ? optional(1, portsOf()) : fc.constant(undefined),
        optional(random ? 8 : 1_000_000, fc.constant(true)),
      )
      .map(([address, portRange, persistent]) => ({
        addresses: { from: address, to: address },
        ...(portRange && { ports: portRange }),
        ...(persistent && { persistent }),
      }))
  const portRange = ports ? optional(1, portsOf()) : fc.constant(undefined)
  const onlyPorts = portRange.map((value): NatRange => (value === undefined ? {} : { ports: value }))
  if (only(place, 'PREROUTING', 'OUTPUT')) {
    return [
      {
        weight: 12,
        arbitrary: range([...a, ...b, ...b, ...node], true).map((value) => ({ kind: 'DNAT', range: value })),
      },
      { weight: 3, arbitrary: onlyPorts.map((value) => ({ kind: 'REDIRECT', range: value })) },
    ]
  }
  const snat = range([...node, ...a, ...b], true).map((value) => ({ kind: 'SNAT' as const, range: value }))
  if (only(place, 'POSTROUTING')) {
    return [
      { weight: 6, arbitrary: snat },
      { weight: 6, arbitrary: onlyPorts.map((value) => ({ kind: 'MASQUERADE', range: value })) },
    ]
  }
  return only(place, 'POSTROUTING', 'INPUT') ? [{ weight: 6, arbitrary: snat }] : []
}

/** One port: from a wider range the kernel begins at a random one. */
function portsOf(): fc.Arbitrary<{ from: number; to: number }> {
  return arbitraryPort.filter((port) => port !== 0).map((from) => ({ from, to: from }))
}

function mangleTargets(family: Family, place: Place, protocol: string | undefined): Choice[] {
  const op = fc.constantFrom('set' as const, 'inc' as const, 'dec' as const)
  const choices: Choice[] = [
    {
      weight: 3,
      arbitrary: fc
        .tuple(op, fc.constantFrom(1, 2, 63, 200))
        .map(([how, value]) => ({ kind: family === 'ipv4' ? 'TTL' : 'HL', op: how, value })),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(0, 0x10, 0xb8), fc.constantFrom(0xff, 0x3f, 0xfc))
        .map(([value, mask]) => ({ kind: 'TOS', value: value & mask, mask })),
    },
    { weight: 2, arbitrary: fc.constantFrom(0, 46, 63).map((value) => ({ kind: 'DSCP', value })) },
  ]
  if (protocol === 'tcp') {
    const clamp = only(place, 'FORWARD', 'OUTPUT', 'POSTROUTING') && !place.user
    const mss = clamp ? fc.constantFrom(500, 1400, 'clamp-mss-to-pmtu' as const) : fc.constantFrom(500, 1400)
    choices.push({ weight: 4, arbitrary: mss.map((value) => ({ kind: 'TCPMSS', mss: value })) })
  }
  return choices
}

function zoneTarget(): fc.Arbitrary<Target> {
  return fc
    .tuple(fc.constantFrom(0, 1, 7), optional(1, fc.constantFrom('orig' as const, 'reply' as const)))
    .map(([zone, zoneSide]) => ({ kind: 'CT', zone, ...(zoneSide && { zoneSide }) }))
}

export function isCorrectTarget(target: Target | null, place: Place): boolean {
  if (target === null) return true
  if (target.kind === 'jump' || target.kind === 'goto') return place.jumps.includes(target.chain)
  return target.kind !== 'DROP' || place.table !== 'nat'
}
