/** The engine's sets by themselves: packets are put into packet records by hand and asked about one at a time. */
import { readFileSync } from 'node:fs'
import {
  SETADT_DEFAULT_TIMEOUT,
  SETOPS_BYTES,
  SETOPS_BYTES_OP,
  SETOPS_PACKETS,
  SETOPS_PACKETS_OP,
  SETOP_EQ,
  SETOP_GT,
  SETOP_LT,
  SETOP_NE,
  SETTEST_RETURN_NOMATCH,
  SETTEST_SKIP_COUNTERS,
  SETTEST_SKIP_SUBCOUNTERS,
} from '../../../src/abi/ipset.ts'
import { SKB_FAMILY, SKB_HEADER, SKB_L3, SKB_L3LEN } from '../../../src/abi/skb.ts'
import { TUPLE_DST, TUPLE_SRC } from '../../../src/abi/tuple.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../../../src/abi/verdict.ts'
import { Sets, type IpsetExports } from '../../../src/engine/ipset.ts'
import { parseAddress } from '../../../src/kernel/address.ts'
import type { CounterTest, SetRule, SetTest } from '../../reference/ipset.ts'

interface Exports extends IpsetExports {
  readonly memory: WebAssembly.Memory
  clock_set(ms: number): void
  ipset_test(slot: number, skb: number, rule: number, ops: number): number
  ipset_change(slot: number, skb: number, rule: number, seconds: number): number
}

export const START = 1_700_000_000_000
const NETNS = 1
const ROOM = 2048
const module = new WebAssembly.Module(readFileSync('dist/engine.debug.wasm'))

export class SetsHarness {
  readonly sets: Sets
  readonly #exports: Exports
  readonly #skb: number
  readonly #ops: number
  #now = START

  constructor() {
    const { exports } = new WebAssembly.Instance(module, {
      env: {
        abort: () => {
          throw new Error('assert in the engine')
        },
      },
    })
    this.#exports = exports as unknown as Exports
    this.#exports.clock_set(START)
    this.sets = new Sets({ memory: this.#exports.memory, exports: this.#exports, now: () => this.#now })
    this.#skb = this.#exports.arena_alloc(SKB_HEADER + ROOM)
    this.#ops = this.#exports.arena_alloc(64)
  }

  advanceTo(now: number): void {
    this.#now = now
    this.#exports.clock_set(now)
  }

  test(packet: Uint8Array, test: SetTest): boolean {
    this.#put(packet)
    const flags =
      (test.returnNomatch ? SETTEST_RETURN_NOMATCH : 0) |
      (test.skipCounters ? SETTEST_SKIP_COUNTERS : 0) |
      (test.skipSubcounters ? SETTEST_SKIP_SUBCOUNTERS : 0)
    const ops = test.packets || test.bytes ? this.#putOps(test) : 0
    return this.#exports.ipset_test(this.#slot(test), this.#skb, this.#rule(test) | (flags << 16), ops) === 1
  }

  /** As a rule does that has been loaded: there is `room` for what it adds. */
  add(
    packet: Uint8Array,
    rule: SetRule,
    exist: boolean,
    timeout: number = SETADT_DEFAULT_TIMEOUT,
    room = true,
  ): void {
    if (room) this.sets.makeRoom(NETNS, rule.set)
    this.#put(packet)
    this.#exports.ipset_change(this.#slot(rule), this.#skb, this.#rule(rule) | (exist ? 1 << 16 : 0), timeout)
  }

  delete(packet: Uint8Array, rule: SetRule): void {
    this.#put(packet)
    this.#exports.ipset_change(this.#slot(rule), this.#skb, this.#rule(rule) | (2 << 16), 0)
  }

  #slot({ set }: SetRule): number {
    return this.sets.slot(NETNS, set)!.ptr
  }

  #rule({ directions }: SetRule): number {
    const sources = directions.reduce((bits, direction, i) => bits | (direction === 'src' ? 1 << i : 0), 0)
    return directions.length | (sources << 8)
  }

  #putOps({ packets, bytes }: SetTest): number {
    const view = new DataView(this.#exports.memory.buffer)
    view.setUint8(this.#ops + SETOPS_PACKETS_OP, operator(packets))
    view.setUint8(this.#ops + SETOPS_BYTES_OP, operator(bytes))
    view.setBigUint64(this.#ops + SETOPS_PACKETS, BigInt(packets?.value ?? 0), true)
    view.setBigUint64(this.#ops + SETOPS_BYTES, BigInt(bytes?.value ?? 0), true)
    return this.#ops
  }

  /** Bytes behind the packet are not zero, so that a read behind its end shows. */
  #put(packet: Uint8Array): void {
    const { buffer } = this.#exports.memory
    const view = new DataView(buffer)
    const l3 = this.#skb + SKB_HEADER
    new Uint8Array(buffer, this.#skb, SKB_HEADER + ROOM).fill(0xa5)
    new Uint8Array(buffer, l3).set(packet)
    const six = packet[0]! >> 4 === 6
    view.setUint32(this.#skb + SKB_L3, l3, true)
    view.setUint16(this.#skb + SKB_L3LEN, packet.length, true)
    view.setUint8(this.#skb + SKB_FAMILY, six ? NFPROTO_IPV6 : NFPROTO_IPV4)
    for (const [offset, from] of [
      [TUPLE_SRC, six ? 8 : 12],
      [TUPLE_DST, six ? 24 : 16],
    ] as const) {
      const target = new Uint8Array(buffer, this.#skb + offset, 16)
      if (six) target.set(packet.subarray(from, from + 16))
      else {
        target.fill(0).set(parseAddress('::ffff:0.0.0.0', 'ipv6')!)
        target.set(packet.subarray(from, from + 4), 12)
      }
    }
  }
}

function operator(test: CounterTest | undefined): number {
  return test ? { eq: SETOP_EQ, ne: SETOP_NE, lt: SETOP_LT, gt: SETOP_GT }[test.op] : 0
}
