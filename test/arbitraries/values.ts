import * as fc from 'fast-check'
import { addressBits, formatAddress, maskedBy, parseAddress, prefixMask } from '../../src/kernel/address.ts'
import type { Family, Network, Not, PortRange } from '../../src/kernel/ruleset.ts'
import { ADDRESSES, CLIENT_PORTS, SERVER_PORTS } from './flow.ts'

/** `undefined` `times` times as often as a value. */
export function optional<T>(times: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: times, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
}

/** Once in `times + 1` inverted. */
export function maybeNot<T>(arbitrary: fc.Arbitrary<T>, times = 3): fc.Arbitrary<Not<T>> {
  return fc
    .tuple(
      arbitrary,
      fc.oneof({ weight: times, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    )
    .map(([value, not]) => (not ? { value, not } : { value }))
}

export function arbitraryAddress(family: Family): fc.Arbitrary<string> {
  const { a, b, node, virtual } = ADDRESSES[family]
  return fc.constantFrom(...a, ...b, ...node, ...virtual)
}

export function arbitraryNetwork(family: Family): fc.Arbitrary<Network> {
  const bits = addressBits(family)
  const lengths = family === 'ipv4' ? [32, 24, 16, 31, 8, 0] : [128, 64, 32, 127, 8, 0]
  const prefix = fc
    .tuple(
      arbitraryAddress(family),
      fc.constantFrom(
        ...lengths.flatMap((length) => (length === bits ? [length, length, length] : [length])),
      ),
    )
    .map(([address, prefixLength]) => ({
      address: masked(address, family, prefixMask(family, prefixLength)),
      prefixLength,
    }))
  if (family === 'ipv6') return prefix
  // A mask with holes: every host .2, whatever its network.
  const holes = fc.constant<Network>({ address: '10.0.0.2', prefixLength: 0, mask: '255.255.0.255' })
  return fc.oneof({ weight: 12, arbitrary: prefix }, { weight: 1, arbitrary: holes })
}

function masked(address: string, family: Family, mask: Uint8Array): string {
  return formatAddress(maskedBy(parseAddress(address, family)!, mask))
}

export const arbitraryPort: fc.Arbitrary<number> = fc.constantFrom(...SERVER_PORTS, ...CLIENT_PORTS, 0, 65535)

export const arbitraryPortRange: fc.Arbitrary<PortRange> = fc.oneof(
  { weight: 3, arbitrary: arbitraryPort.map((from) => ({ from, to: from })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(arbitraryPort, arbitraryPort)
      .map(([x, y]) => ({ from: Math.min(x, y), to: Math.max(x, y) })),
  },
)

export const arbitraryMark: fc.Arbitrary<{ value: number; mask: number }> = fc
  .tuple(
    fc.constantFrom(0, 1, 2, 0x4000, 0x8000, 0xffffffff),
    fc.constantFrom(0xffffffff, 0x4000, 0xff, 0, 3),
  )
  .map(([value, mask]) => ({ value: (value & mask) >>> 0, mask }))
