import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  TUPLE_DPORT,
  TUPLE_DST,
  TUPLE_L3NUM,
  TUPLE_PROTO,
  TUPLE_SIZE,
  TUPLE_SPORT,
} from '../../../src/abi/tuple.ts'
import { CT_DIRECTION_STRIDE } from '../../../src/abi/conntrack.ts'
import type { ConntrackEntry } from '../../../src/kernel/conntrack.ts'
import { Random } from '../../../src/sim/random.ts'
import { TableTwin } from '../../reference/conntrack/table.ts'
import { Tracker } from '../../support/conntrack/tracker.ts'

const SEED = 20_250_102

describe(`the table against its twin (seed ${SEED})`, () => {
  it('holds the same entries after any history, and finds each of them', () => {
    const first = new Tracker()
    const trackers = [first, new Tracker({ netnsId: 2 }, first)]
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        fc.integer({ min: 2, max: 900 }),
        (seed, flows) => {
          for (const tracker of trackers) tracker.conntrack.flush(tracker.netnsId)
          const random = new Random(seed)
          const twin = new TableTwin()
          const offset = first.exports.ct_serial()
          for (let step = 0; step < 400; step++) act(random, flows, trackers, twin, offset)
          for (const tracker of trackers) compare(tracker, twin, flows)
        },
      ),
      { seed: SEED, numRuns: 60 },
    )
  })
})

function act(
  random: Random,
  flows: number,
  trackers: readonly Tracker[],
  twin: TableTwin,
  offset: number,
): void {
  const [clock] = trackers as [Tracker, Tracker]
  const tracker = trackers[random.below(2)]!
  const netns = tracker.netnsId
  switch (random.below(40)) {
    case 0:
      expect(tracker.conntrack.flush(netns)).toBe(
        twin.entries.filter((entry) => entry.netns === netns).length,
      )
      twin.flush(netns)
      return
    case 1: {
      const serial = twin.serial - random.below(20)
      if (serial < 0) return
      clock.exports.ct_forget(offset + serial)
      twin.forget(serial)
      return
    }
    case 2:
    case 3:
      clock.pass(1000 * random.below(30))
      return
    case 4:
      expect(clock.exports.ct_gc()).toBe(twin.gc(clock.now))
      return
    case 5:
    case 6:
    case 7:
    case 8:
    case 9: {
      const flow = random.below(flows)
      const [address] = found(tracker, [tupleOf(flow, random.below(2) === 0)])
      const entry = twin.find(netns, tupleText(flow, true))
      expect(address !== 0).toBe(entry !== undefined)
      if (!entry) return
      expect(tracker.exports.ct_delete(address!)).toBe(1)
      twin.delete(entry)
      return
    }
    default: {
      const flow = random.below(flows)
      const seconds = 1 + random.below(100)
      const made = insert(tracker, flow, seconds)
      const entry = {
        netns,
        original: tupleText(flow, true),
        reply: tupleText(flow, false),
        expires: clock.now + 1000 * seconds,
      }
      expect(made).toBe(twin.insert(entry, clock.now))
    }
  }
}

/** Both hold the same, and every key of every flow is found or not as it should. */
function compare(tracker: Tracker, twin: TableTwin, flows: number): void {
  const mine = twin.entries.filter(({ netns }) => netns === tracker.netnsId)
  expect(tracker.count()).toBe(mine.length)
  const tuples = Array.from({ length: flows }, (_, flow) => [
    tupleOf(flow, true),
    tupleOf(flow, false),
  ]).flat()
  const there = found(tracker, tuples).map((address) => address !== 0)
  const known = new Set(mine.flatMap(({ original, reply }) => [original, reply]))
  const expected = Array.from({ length: flows }, (_, flow) => [
    known.has(tupleText(flow, true)),
    known.has(tupleText(flow, false)),
  ]).flat()
  expect(there).toEqual(expected)
}

const clientOf = (flow: number) => `10.${flow & 3}.0.${(flow >> 2) & 255}`
const portOf = (flow: number) => 1000 + (flow >> 10)

function insert(tracker: Tracker, flow: number, timeout: number): boolean {
  const client = clientOf(flow)
  const entry: ConntrackEntry = {
    family: 'ipv4',
    protocol: 17,
    timeout,
    original: { source: client, destination: '10.9.9.9', ports: { source: portOf(flow), destination: 53 } },
    reply: { source: '10.9.9.9', destination: client, ports: { source: 53, destination: portOf(flow) } },
    replied: false,
    assured: false,
    mark: 0,
    zone: { original: 0, reply: 0 },
    use: 1,
  }
  try {
    tracker.conntrack.insert(tracker.netns, [entry])
    return true
  } catch {
    return false
  }
}

function tupleText(flow: number, forth: boolean): string {
  return `${flow} ${forth ? 'original' : 'reply'}`
}

function tupleOf(flow: number, forth: boolean): Uint8Array {
  const bytes = new Uint8Array(TUPLE_SIZE)
  const view = new DataView(bytes.buffer)
  const client = [10, flow & 3, 0, (flow >> 2) & 255]
  const server = [10, 9, 9, 9]
  for (const [at, address] of [
    [0, forth ? client : server],
    [TUPLE_DST, forth ? server : client],
  ] as const) {
    bytes.set([0xff, 0xff, ...address], at + 10)
  }
  view.setUint16(TUPLE_SPORT, forth ? portOf(flow) : 53)
  view.setUint16(TUPLE_DPORT, forth ? 53 : portOf(flow))
  view.setUint8(TUPLE_PROTO, 17)
  view.setUint8(TUPLE_L3NUM, 2)
  return bytes
}

/** Addresses of the entries that have these keys, 0 for none. */
function found(tracker: Tracker, tuples: readonly Uint8Array[]): number[] {
  const { exports } = tracker
  const at = exports.arena_alloc(TUPLE_SIZE * tuples.length)
  const refs = exports.arena_alloc(4 * tuples.length)
  for (const [i, tuple] of tuples.entries()) {
    new Uint8Array(exports.memory.buffer, at + TUPLE_SIZE * i, TUPLE_SIZE).set(tuple)
  }
  exports.ct_lookup_batch(at, refs, tuples.length, tracker.netnsId)
  const result = [...new Uint32Array(exports.memory.buffer, refs, tuples.length)]
  exports.arena_free(at, TUPLE_SIZE * tuples.length)
  exports.arena_free(refs, 4 * tuples.length)
  return result.map((ref) => (ref === 0 ? 0 : (ref & ~63) - (ref & 1) * CT_DIRECTION_STRIDE))
}
