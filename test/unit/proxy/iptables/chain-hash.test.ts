import { sha256 } from '@noble/hashes/sha2.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chainHash, hashedName } from '../../../../src/proxy/iptables/chain-hash.ts'

const SEED = 256

/** The slow way: bits of the digest as text, five at a time. */
function slowly(text: string): string {
  const bits = Array.from(sha256(new TextEncoder().encode(text)), (byte) =>
    byte.toString(2).padStart(8, '0'),
  ).join('')
  return Array.from({ length: 16 }, (_, i) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.charAt(Number.parseInt(bits.slice(5 * i, 5 * i + 5), 2)),
  ).join('')
}

describe('the hash of a chain name', () => {
  it('is that of the library, whatever the length', () => {
    for (let length = 0; length <= 130; length++) {
      const text = 'x'.repeat(length)
      expect(chainHash(text)).toBe(slowly(text))
    }
  })

  it('is that of the library for any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ maxLength: 70 }), fc.string({ unit: 'binary', maxLength: 30 })),
        (text) => {
          expect(hashedName('KUBE-SEP-', text)).toBe(`KUBE-SEP-${slowly(text)}`)
        },
      ),
      { numRuns: 2000, seed: SEED },
    )
  })
})
