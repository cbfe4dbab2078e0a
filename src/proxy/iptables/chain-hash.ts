/**
 * The hash in the names of a service's chains: 16 characters of base32(SHA-256(text)), which are 80 bits of the digest.
 * A large cluster has 100,000 such names, and hashing them was a seventh of its first sync; so texts of one block, which
 * most are, are hashed here (FIPS 180-4, section 6.2.2), and all others by the library, with which this is compared.
 */
import { sha256 } from '@noble/hashes/sha2.js'

const HASH_LENGTH = 16
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const LETTERS = Array.from(BASE32, (letter) => letter.charCodeAt(0))

/** Bytes of text that go into one block, with a bit that ends it and its length. */
const ONE_BLOCK = 55

/** Cube roots of the first 64 primes: 32 bits of their fractions. */
// prettier-ignore
const K = new Int32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
])

const schedule = new Int32Array(64)
/** The first 96 bits of the last digest. */
const digest = new Int32Array(3)
const encoder = new TextEncoder()
/** Letters of the name that is being made. */
const codes: number[] = []

export const chainHash = (text: string): string => hashedName('', text)

/** `prefix` and the hash of `text`. One flat string, not a sum of two: as a key of a map it is read many times. */
export function hashedName(prefix: string, text: string): string {
  if (!hashBlock(text)) hashLong(text)
  codes.length = prefix.length + HASH_LENGTH
  for (let i = 0; i < prefix.length; i++) codes[i] = prefix.charCodeAt(i)
  for (let i = 0; i < HASH_LENGTH; i++) codes[prefix.length + i] = LETTERS[five(5 * i)]!
  return String.fromCharCode.apply(undefined, codes)
}

/** Five bits of the digest, from the bit `from` on, counted from the first. */
function five(from: number): number {
  const word = digest[from >> 5]!
  const shift = 27 - (from & 31)
  if (shift >= 0) return (word >>> shift) & 31
  return ((word << -shift) | (digest[(from >> 5) + 1]! >>> (32 + shift))) & 31
}

function hashLong(text: string): void {
  const bytes = sha256(encoder.encode(text))
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  for (let i = 0; i < digest.length; i++) digest[i] = view.getInt32(4 * i)
}

/** False when the text is too long, or not ASCII. */
function hashBlock(text: string): boolean {
  const { length } = text
  if (length > ONE_BLOCK) return false
  for (let i = 0; i < 16; i++) schedule[i] = 0
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return false
    schedule[i >> 2]! |= code << (24 - 8 * (i & 3))
  }
  schedule[length >> 2]! |= 0x80 << (24 - 8 * (length & 3))
  schedule[15] = 8 * length
  compress()
  return true
}

function compress(): void {
  const w = schedule
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!
    const y = w[i - 2]!
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0
  }
  // Square roots of the first 8 primes: 32 bits of their fractions.
  let a = 0x6a09e667
  let b = 0xbb67ae85 | 0
  let c = 0x3c6ef372
  let d = 0xa54ff53a | 0
  let e = 0x510e527f
  let f = 0x9b05688c | 0
  let g = 0x1f83d9ab
  let h = 0x5be0cd19
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  digest[0] = 0x6a09e667 + a
  digest[1] = 0xbb67ae85 + b
  digest[2] = 0x3c6ef372 + c
}
