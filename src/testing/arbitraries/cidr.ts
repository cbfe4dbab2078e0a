/**
 * CIDRs and ipBlocks around the addresses that matter. Biases: single addresses, /0 (which an ipset cannot hold in one
 * entry), prefixes that end next to a known address, host bits left set, `except` of a strict subset that holds a
 * known address, excepts that overlap each other, both families.
 */
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import type { IPBlock } from '../../apiserver/types/index.ts'
import { present, VOCABULARY, type Vocabulary } from './vocabulary.ts'

const PREFIXES = { ipv4: [32, 24, 31, 16, 30, 8, 1, 0], ipv6: [128, 64, 127, 48, 126, 16, 1, 0] } as const

/** The network that `address` is in, canonical. */
export function networkOf(address: string, prefix: number): string {
  const text = `${ipaddr.parse(address).toString()}/${prefix}`
  const base = address.includes(':')
    ? ipaddr.IPv6.networkAddressFromCIDR(text)
    : ipaddr.IPv4.networkAddressFromCIDR(text)
  return `${base.toString()}/${prefix}`
}

interface Drawn {
  readonly address: string
  readonly prefix: number
}

function drawn({ addresses }: Vocabulary): fc.Arbitrary<Drawn> {
  return fc.tuple(fc.constantFrom(...addresses), fc.nat({ max: 7 })).map(([address, index]) => ({
    address,
    prefix: (address.includes(':') ? PREFIXES.ipv6 : PREFIXES.ipv4)[index] ?? 0,
  }))
}

/** Canonical, as ClusterNetworkPolicy wants them. */
export function arbitraryCidr(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<string> {
  return drawn(vocabulary).map(({ address, prefix }) => networkOf(address, prefix))
}

export function arbitraryIpBlock(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<IPBlock> {
  return fc
    .record({
      block: drawn(vocabulary),
      hostBits: fc.nat({ max: 7 }).map((n) => n === 7),
      except: fc.array(drawn(vocabulary), { maxLength: 2 }),
    })
    .map(({ block, hostBits, except }): IPBlock => {
      const { address, prefix } = block
      const subsets = except.flatMap((inner) => subsetOf(block, inner))
      return present({
        // An address with host bits set means its network; `::` and friends stay canonical.
        cidr: hostBits ? `${ipaddr.parse(address).toString()}/${prefix}` : networkOf(address, prefix),
        except: subsets.length === 0 ? undefined : [...new Set(subsets)],
      })
    })
}

/** One network twice, without its one half and without the other: together they are all of it. */
export function arbitraryTwinBlocks(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<readonly IPBlock[]> {
  return drawn(vocabulary).map(({ address, prefix }) => {
    const wide = Math.min(prefix, address.includes(':') ? 126 : 30)
    const cidr = networkOf(address, wide)
    return halvesOf(cidr).map((half) => ({ cidr, except: [half] }))
  })
}

/** Both networks of the next longer prefix. */
function halvesOf(cidr: string): readonly string[] {
  const [first, prefix] = ipaddr.parseCIDR(cidr)
  const bytes = first.toByteArray()
  const bit = prefix % 8
  const high = bytes.with(Math.floor(prefix / 8), (bytes[Math.floor(prefix / 8)] ?? 0) | (0x80 >> bit))
  return [bytes, high].map((half) => `${ipaddr.fromByteArray(half).toString()}/${prefix + 1}`)
}

/** A network strictly inside `outer`: around `inner.address` where that is inside, else around the outer's own. */
function subsetOf(outer: Drawn, inner: Drawn): string[] {
  const bits = outer.address.includes(':') ? 128 : 32
  if (outer.prefix >= bits) return []
  const sameFamily = outer.address.includes(':') === inner.address.includes(':')
  const inside =
    sameFamily && networkOf(inner.address, outer.prefix) === networkOf(outer.address, outer.prefix)
  const address = inside ? inner.address : outer.address
  return [networkOf(address, inside && inner.prefix > outer.prefix ? inner.prefix : outer.prefix + 1)]
}
