/**
 * A chain as the block of src/abi/rule.ts, made in a staging buffer. Rules that the chain it replaces has too (the
 * same objects) are not encoded again: their bytes are copied out of the engine's memory.
 */
import * as R from '../../abi/rule.ts'
import { NF_ACCEPT, NF_DROP } from '../../abi/verdict.ts'
import type { Chain, Family, Rule, TableName } from '../../kernel/ruleset.ts'
import { encodeRule } from './encode-rule.ts'
import type { Lanes } from './lanes.ts'
import { atRule } from './place.ts'
import type { Resolver } from './resolver.ts'
import type { Words } from './words.ts'

/** A staged chain: where its words are in the staging buffer. */
export interface Staged {
  readonly start: number
  readonly length: number
}

export interface Replaced {
  readonly chain: Chain
  /** Address of its block. */
  readonly ptr: number
}

/** For each rule of `chain` its index in the chain that it replaces, -1 for a rule that is new. */
export function reusedRules(chain: Chain, old: Chain | undefined): Int32Array {
  const reuse = new Int32Array(chain.rules.length).fill(-1)
  if (!old) return reuse
  let index: Map<Rule, number> | undefined
  let at = 0
  for (let i = 0; i < reuse.length; i++) {
    const rule = chain.rules[i]!
    if (old.rules[at] === rule) reuse[i] = at++
    else {
      index ??= new Map(old.rules.map((known, k) => [known, k]))
      const found = index.get(rule)
      if (found !== undefined) {
        reuse[i] = found
        at = found + 1
      }
    }
  }
  return reuse
}

const lanes: Lanes = { net: 0, mask: 0, pp: 0, ppMask: 0 }

export interface StageInput {
  readonly table: TableName
  readonly family: Family
  readonly chain: Chain
  readonly id: number
  readonly reuse: Int32Array
  readonly old: Replaced | undefined
  /** Linear memory, from which reused rules are copied. */
  readonly memory: Uint32Array
  readonly resolve: Resolver
}

export function stageChain(out: Words, input: StageInput): Staged {
  const { table, family, chain, id, reuse, old, memory, resolve } = input
  const count = chain.rules.length
  const start = out.take(R.CHAIN_QUICK / 4)
  const quick = out.take((Math.floor(count / R.QUICK_LANES) + 1) * (R.QUICK_SIZE / 4))
  const offsets = out.take(count)
  if ((out.length - start) % 2 !== 0) out.take(1)
  const counters = out.take(count * (R.COUNTER_SIZE / 4))
  const oldBase = old ? old.ptr / 4 : 0
  const oldOffsets = old ? oldBase + memory[oldBase + R.CHAIN_OFFSETS / 4]! / 4 : 0
  const bodies = out.length
  for (let i = 0; i < count; i++) {
    const rule = chain.rules[i]!
    const at = out.length
    const known = reuse[i]!
    if (known >= 0) {
      const end = known + 1 < old!.chain.rules.length ? oldOffsets + known + 1 : -1
      const from = oldBase + memory[oldOffsets + known]! / 4
      const to = oldBase + (end < 0 ? memory[oldBase + R.CHAIN_SIZE / 4]! : memory[end]!) / 4
      copyWords(out, memory, from, to)
      copyLanes(out, quick, i, memory, oldBase + R.CHAIN_QUICK / 4, known)
    } else {
      atRule({ table, chain: chain.name, index: i, rule }, () =>
        encodeRule(out, rule, family, resolve, lanes),
      )
      writeLanes(out, quick, i, lanes)
    }
    out.words[offsets + i] = (at - start) * 4
    if (rule.counters) {
      writeCounter(out.words, counters + i * 4, rule.counters.packets)
      writeCounter(out.words, counters + i * 4 + 2, rule.counters.bytes)
    }
  }
  closeLanes(out, quick, count)
  const head = out.words
  head[start + R.CHAIN_RULES / 4] = count
  head[start + R.CHAIN_POLICY / 4] = policyWord(chain)
  head[start + R.CHAIN_ID / 4] = id
  writeCounter(head, start + R.CHAIN_PACKETS / 4, chain.counters.packets)
  writeCounter(head, start + R.CHAIN_BYTES / 4, chain.counters.bytes)
  head[start + R.CHAIN_OFFSETS / 4] = (offsets - start) * 4
  head[start + R.CHAIN_COUNTERS / 4] = (counters - start) * 4
  head[start + R.CHAIN_SIZE / 4] = (out.length - start) * 4
  head[start + R.CHAIN_BODIES / 4] = (bodies - start) * 4
  return { start, length: out.length - start }
}

function policyWord({ policy }: Chain): number {
  if (policy === null) return R.CHAIN_NO_POLICY
  return policy === 'DROP' ? NF_DROP : NF_ACCEPT
}

function writeCounter(words: Uint32Array, at: number, value: number): void {
  words[at] = value >>> 0
  words[at + 1] = Math.floor(value / 2 ** 32)
}

function copyWords(out: Words, memory: Uint32Array, from: number, to: number): void {
  const at = out.take(to - from)
  const words = out.words
  for (let k = from, w = at; k < to; k++, w++) words[w] = memory[k]!
}

/** Word of the first lane field of rule `i` in blocks that begin at `quick`. */
const lane = (quick: number, i: number): number => quick + (i >> 2) * (R.QUICK_SIZE / 4) + (i & 3)

function copyLanes(
  out: Words,
  quick: number,
  i: number,
  memory: Uint32Array,
  oldQuick: number,
  known: number,
): void {
  const at = lane(quick, i)
  const from = lane(oldQuick, known)
  for (let field = 0; field < R.QUICK_SIZE / 4; field += 4) out.words[at + field] = memory[from + field]!
}

function writeLanes(out: Words, quick: number, i: number, { net, mask, pp, ppMask }: Lanes): void {
  const at = lane(quick, i)
  out.words[at + R.QUICK_NET / 4] = net
  out.words[at + R.QUICK_MASK / 4] = mask
  out.words[at + R.QUICK_PP / 4] = pp
  out.words[at + R.QUICK_PP_MASK / 4] = ppMask
}

/** The lane behind the last rule takes every packet (it ends the scan), those behind it take none. */
function closeLanes(out: Words, quick: number, count: number): void {
  for (let i = count + 1; (i & 3) !== 0; i++) out.words[lane(quick, i) + R.QUICK_NET / 4] = 1
}
