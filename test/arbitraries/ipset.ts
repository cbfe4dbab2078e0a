import * as fc from 'fast-check'
import { applyIpset, parseIpsetRestore } from '../../src/kernel/ipset/index.ts'
import type { IpSets, SetType } from '../../src/kernel/ipset.ts'
import type { Family } from '../../src/kernel/ruleset.ts'

/** Few addresses, so that sets and packets meet. */
export const ADDRESSES = {
  ipv4: ['10.0.0.1', '10.0.0.2', '10.0.1.1', '10.1.0.1', '192.168.7.9', '172.16.0.1', '0.0.0.0'],
  ipv6: ['fd00::1', 'fd00::2', 'fd00:0:0:1::1', 'fd00:1::1', 'fe80::7', '2001:db8::1', '::'],
} as const
export const PORTS = [0, 53, 80, 81, 443, 1000, 65535] as const

const address = (family: Family) => fc.constantFrom(...ADDRESSES[family])
const net = (family: Family) =>
  fc
    .tuple(
      address(family),
      family === 'ipv4'
        ? fc.constantFrom(1, 8, 9, 15, 16, 24, 31, 32)
        : fc.constantFrom(1, 16, 33, 48, 63, 64, 65, 127, 128),
    )
    .map(([host, length]) => `${host}/${length}`)
const port = (family: Family) =>
  fc.oneof(
    fc
      .tuple(fc.constantFrom('tcp', 'udp', 'sctp', 'udplite'), fc.constantFrom(...PORTS))
      .map(([protocol, number]) => `${protocol}:${number}`),
    fc.constantFrom(
      ...(family === 'ipv4' ? ['icmp:8/0', 'icmp:3/1'] : ['icmpv6:128/0', 'icmpv6:1/3']),
      'gre:0',
    ),
  )
const host = (family: Family) => address(family).filter((text) => !/^(?:0\.0\.0\.0|::)$/.test(text))

/** The text of an element of a type. */
export function arbitraryElement(type: SetType, family: Family): fc.Arbitrary<string> {
  switch (type) {
    case 'hash:ip':
      return host(family)
    case 'hash:net':
      return net(family)
    case 'hash:ip,port':
      return fc.tuple(host(family), port(family)).map((parts) => parts.join(','))
    case 'hash:ip,port,ip':
      return fc.tuple(host(family), port(family), host(family)).map((parts) => parts.join(','))
    case 'hash:ip,port,net':
      return fc.tuple(host(family), port(family), net(family)).map((parts) => parts.join(','))
    case 'hash:net,port':
      return fc.tuple(net(family), port(family)).map((parts) => parts.join(','))
    case 'bitmap:port':
      return fc.constantFrom(...PORTS.slice(1, 6)).map(String)
    case 'list:set':
      return fc.constantFrom('a', 'b')
    default:
      return type satisfies never
  }
}

const HASHES: readonly SetType[] = [
  'hash:ip',
  'hash:net',
  'hash:ip,port',
  'hash:ip,port,ip',
  'hash:ip,port,net',
  'hash:net,port',
]

interface Options {
  /** Also sets with seconds to live; the real tool's clock runs, so comparisons with it do without. */
  readonly timeouts: boolean
}

function arbitrarySet(
  name: string,
  type: SetType,
  family: Family,
  { timeouts }: Options,
): fc.Arbitrary<string[]> {
  return fc
    .record({
      timeout: timeouts ? fc.option(fc.constantFrom(0, 5, 100), { nil: undefined }) : fc.constant(undefined),
      counters: fc.boolean(),
      maxelem: fc.constantFrom(4, 12, 65536),
      entries: fc.array(
        fc.record({
          element: arbitraryElement(type, family),
          timeout: fc.option(fc.constantFrom(0, 3, 60), { nil: undefined }),
          nomatch: fc.boolean(),
          packets: fc.option(fc.nat(5), { nil: undefined }),
        }),
        { maxLength: 14 },
      ),
    })
    .map(({ timeout, counters, maxelem, entries }) => {
      const hash = type.startsWith('hash:')
      const own = hash
        ? ` family ${family === 'ipv4' ? 'inet' : 'inet6'} maxelem ${maxelem}`
        : type === 'bitmap:port'
          ? ' range 50-1000'
          : ''
      const seen = new Set<string>()
      const adds = entries.flatMap((entry) => {
        const text =
          `add ${name} ${entry.element}` +
          (timeout !== undefined && entry.timeout !== undefined ? ` timeout ${entry.timeout}` : '') +
          (type.includes('net') && entry.nomatch ? ' nomatch' : '') +
          (counters && entry.packets !== undefined
            ? ` packets ${entry.packets} bytes ${entry.packets * 100}`
            : '')
        seen.add(entry.element)
        return hash && seen.size > maxelem ? [] : [text]
      })
      const create = `create ${name} ${type}${own}${timeout === undefined ? '' : ` timeout ${timeout}`}${counters ? ' counters' : ''}`
      return [create, ...adds]
    })
}

/** Two sets `a` and `b` of any type, and `l`, a list of them: the lines of `ipset -exist restore`. */
export function arbitrarySets(options: Options): fc.Arbitrary<string> {
  const any = (name: string) =>
    fc
      .tuple(fc.constantFrom<SetType>(...HASHES, 'bitmap:port'), fc.constantFrom<Family>('ipv4', 'ipv6'))
      .chain(([type, family]) => arbitrarySet(name, type, family, options))
  return fc
    .tuple(any('a'), any('b'), arbitrarySet('l', 'list:set', 'ipv4', options))
    .map((sets) => `${sets.flat().join('\n')}\n`)
}

export const setsOf = (text: string): IpSets =>
  applyIpset(new Map(), parseIpsetRestore(text), { exist: true })
