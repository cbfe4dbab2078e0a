/** Looking up flows that exist, in random order and both directions, in batches: the cost of a conntrack hit. */
import { readFileSync } from 'node:fs'
import {
  CT_PRELOAD_ORIGINAL,
  CT_PRELOAD_REPLY,
  CT_PRELOAD_SIZE,
  CT_PRELOAD_STATE,
  CT_PRELOAD_STATUS,
  CT_PRELOAD_TIMEOUT,
  CT_SIZE,
  IPS_ASSURED,
  IPS_SEEN_REPLY,
  TCP_CONNTRACK_ESTABLISHED,
} from '../../src/abi/conntrack.ts'
import { NETNS_CT, NETNS_ID, NETNS_SIZE } from '../../src/abi/netns.ts'
import {
  TUPLE_DPORT,
  TUPLE_DST,
  TUPLE_L3NUM,
  TUPLE_PROTO,
  TUPLE_SIZE,
  TUPLE_SPORT,
  TUPLE_SRC,
} from '../../src/abi/tuple.ts'
import { Random } from '../../src/sim/random.ts'
import { native, numbers } from '../native/build.ts'
import { compare, type Figure } from '../support/figure.ts'
import { nanoseconds } from '../support/measure.ts'

interface Exports {
  readonly memory: WebAssembly.Memory
  arena_alloc(bytes: number): number
  arena_free(ptr: number, bytes: number): void
  ct_reserve(entries: number): number
  ct_netns_init(netnsId: number): number
  ct_insert_batch(records: number, count: number, netns: number): number
  ct_lookup_batch(tuples: number, refs: number, count: number, netnsId: number): number
}

const lookups = 1 << 16
/** Different batches, taken in turn, as in bench/native/lookup.c: one batch alone would stay in the cache. */
const batches = 16
const netnsId = 1

export function conntrackHit(flows: number, target: number): Figure[] {
  const engine = new WebAssembly.Instance(new WebAssembly.Module(readFileSync('dist/engine.wasm')), {})
    .exports as unknown as Exports
  fill(engine, flows)
  const bytes = engine.memory.buffer.byteLength
  const tuples = engine.arena_alloc(batches * lookups * TUPLE_SIZE)
  const refs = engine.arena_alloc(lookups * 4)
  const random = new Random(1)
  const view = new DataView(engine.memory.buffer)
  for (let i = 0; i < batches * lookups; i++) {
    writeTuple(view, tuples + i * TUPLE_SIZE, random.below(flows), random.below(2) === 1)
  }
  const batch = () => {
    if (engine.ct_lookup_batch(tuples, refs, lookups, netnsId) !== lookups)
      throw new Error('a flow was not found')
  }
  const value = nanoseconds('conntrack', batch) / lookups
  const program = native('lookup')
  const c = program === undefined ? undefined : { name: 'gcc -O3 SSE2', value: numbers(program, [flows])[0]! }
  const name = `conntrack-hit/${flows}`
  const figures = [compare(name, value, 'ns', c, target)]
  if (flows < 1_000_000) return figures
  return [
    ...figures,
    { name: `${name}/memory`, value: bytes / 2 ** 20, unit: 'MiB', target: 256, better: 'lower' },
    { name: 'conntrack-entry', value: CT_SIZE, unit: 'bytes', target: 192, better: 'lower' },
  ]
}

function fill(engine: Exports, flows: number): void {
  if (engine.ct_reserve(flows) === 0) throw new Error('no memory for the flows')
  const netns = engine.arena_alloc(NETNS_SIZE)
  const block = engine.ct_netns_init(netnsId)
  const chunk = 4096
  const records = engine.arena_alloc(chunk * CT_PRELOAD_SIZE)
  const view = new DataView(engine.memory.buffer)
  view.setUint16(netns + NETNS_ID, netnsId, true)
  view.setUint32(netns + NETNS_CT, block, true)
  for (let flow = 0; flow < flows; flow += chunk) {
    const count = Math.min(chunk, flows - flow)
    for (let i = 0; i < count; i++) {
      const record = records + i * CT_PRELOAD_SIZE
      writeTuple(view, record + CT_PRELOAD_ORIGINAL, flow + i, false)
      writeTuple(view, record + CT_PRELOAD_REPLY, flow + i, true)
      view.setUint32(record + CT_PRELOAD_STATUS, IPS_SEEN_REPLY | IPS_ASSURED, true)
      view.setUint32(record + CT_PRELOAD_TIMEOUT, 86_400, true)
      view.setUint8(record + CT_PRELOAD_STATE, TCP_CONNTRACK_ESTABLISHED)
    }
    if (engine.ct_insert_batch(records, count, netns) !== count) throw new Error(`no room at flow ${flow}`)
  }
  engine.arena_free(records, chunk * CT_PRELOAD_SIZE)
}

/** The same flows as bench/native/lookup.c. */
function writeTuple(view: DataView, at: number, flow: number, reply: boolean): void {
  const client = 0x0a000000 + (flow >>> 10)
  const server = 0x0a800000 + (flow & 1023)
  const port = 1024 + (flow & 0x3fff)
  writeAddress(view, at + TUPLE_SRC, reply ? server : client)
  writeAddress(view, at + TUPLE_DST, reply ? client : server)
  view.setUint16(at + TUPLE_SPORT, reply ? 80 : port)
  view.setUint16(at + TUPLE_DPORT, reply ? port : 80)
  view.setUint8(at + TUPLE_PROTO, 6)
  view.setUint8(at + TUPLE_L3NUM, 2)
}

function writeAddress(view: DataView, at: number, address: number): void {
  view.setBigUint64(at, 0n)
  view.setUint32(at + 8, 0xffff)
  view.setUint32(at + 12, address)
}
