/**
 * The slow, obvious twin of the engine's walk: a packet as it looks to a rule. Nothing is kept: every question reads
 * the bytes again. Stays close to the words of ip_tables.c, ip6_tables.c and xt_*.c.
 */
import type { Tracking, WalkPacket } from '../../support/netfilter/bench.ts'
import { formatAddress } from '../../../src/kernel/address.ts'
import type { Family } from '../../../src/kernel/ruleset.ts'

const EXTENSIONS = new Set([0, 43, 44, 51, 60])

export interface TransportPlace {
  /** -1: the chain of headers leads nowhere. */
  readonly protocol: number
  readonly offset: number
  /** IPv4: in 8-byte units; IPv6: in bytes. */
  readonly fragment: number
}

export class TwinPacket {
  readonly family: Family
  readonly input: WalkPacket
  bytes: Uint8Array
  mark: number
  ctmark: number | undefined
  ctinfo: number
  traced = false
  hotdrop = false

  constructor(input: WalkPacket) {
    this.input = input
    this.family = input.bytes[0]! >> 4 === 6 ? 'ipv6' : 'ipv4'
    this.bytes = input.bytes.slice()
    this.mark = input.mark ?? 0
    this.ctmark = input.tracking?.entry?.mark
    this.ctinfo = input.tracking?.ctinfo ?? 0
  }

  get tracking(): Tracking {
    return { ...this.input.tracking, ctinfo: this.ctinfo }
  }

  u16(at: number): number {
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!
  }

  set16(at: number, value: number): void {
    this.bytes[at] = (value >> 8) & 255
    this.bytes[at + 1] = value & 255
  }

  get source(): Uint8Array {
    return this.family === 'ipv4' ? this.bytes.subarray(12, 16) : this.bytes.subarray(8, 24)
  }

  get destination(): Uint8Array {
    return this.family === 'ipv4' ? this.bytes.subarray(16, 20) : this.bytes.subarray(24, 40)
  }

  get sourceText(): string {
    return formatAddress(this.source)
  }

  get ttl(): number {
    return this.bytes[this.family === 'ipv4' ? 8 : 7]!
  }

  get tos(): number {
    return this.family === 'ipv4' ? this.bytes[1]! : ((this.bytes[0]! & 15) << 4) | (this.bytes[1]! >> 4)
  }

  get transport(): TransportPlace {
    if (this.family === 'ipv4')
      return { protocol: this.bytes[9]!, offset: (this.bytes[0]! & 15) * 4, fragment: this.u16(6) & 0x1fff }
    let next = this.bytes[6]!
    let at = 40
    const nowhere = { protocol: -1, offset: 0, fragment: 0 }
    while (EXTENSIONS.has(next)) {
      const need = next === 43 ? 4 : 2
      if (at + need > this.bytes.length) return nowhere
      let length = (this.bytes[at + 1]! + 1) * 8
      if (next === 51) length = (this.bytes[at + 1]! + 2) * 4
      if (next === 44) {
        if (at + 4 > this.bytes.length) return nowhere
        const fragment = this.u16(at + 2) & 0xfff8
        const following = this.bytes[at]!
        if (fragment !== 0)
          return EXTENSIONS.has(following) ? nowhere : { protocol: following, offset: at, fragment }
        length = 8
      }
      if (at + length > this.bytes.length) return nowhere
      next = this.bytes[at]!
      at += length
    }
    return { protocol: next, offset: at, fragment: 0 }
  }

  /** The first `length` bytes of the transport header; undefined, and the packet is dropped, when they are not there. */
  header(length: number): DataView | undefined {
    const { offset } = this.transport
    if (offset + length > this.bytes.length) {
      this.hotdrop = true
      return undefined
    }
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + offset, this.bytes.length - offset)
  }
}
