/**
 * A chain as the block of src/abi/rule.ts, made in a buffer. Rules that the chain it replaces has too (the same
 * objects) are not encoded again: their bytes are copied out of the engine's memory.
 */
import * as R from '../../abi/rule.ts'
import { NF_ACCEPT, NF_DROP } from '../../abi/verdict.ts'
import type { Chain, Family, Rule } from '../../kernel/ruleset.ts'
import { encodeRule } from './encode-rule.ts'
import type { Lanes } from './lanes.ts'
import type { RuleMark } from './place.ts'
import type { Resolver } from './resolver.ts'
import type { Words } from './words.ts'

/** The contents of a chain that is replaced. */
export interface Replaced {
  readonly chain: Chain
  /** Address of its block. */
  readonly ptr: number
}

/** For each rule of `chain` its index in the chain that it replaces, -1 for a rule that is new; undefined: all are. */
export function reusedRules({ rules }: Chain, old: Chain | undefined): Int32Array | undefined {
  if (old === undefined || old.rules.length === 0) return undefined
  const reuse = new Int32Array(rules.length)
  let index: Map<Rule, number> | undefined
  let at = 0
  for (let i = 0; i < reuse.length; i++) {
    const rule = rules[i]!
    if (old.rules[at] === rule) reuse[i] = at++
    else {
      index ??= new Map(old.rules.map((known, k) => [known, k]))
      const found = index.get(rule) ?? -1
      reuse[i] = found
      if (found >= 0) at = found + 1
    }
  }
  return reuse
}

const lanes: Lanes = { net: 0, mask: 0, pp: 0, ppMask: 0 }

/** What all chains of a plan share. */
export interface ChainContext {
  readonly family: Family
  readonly resolve: Resolver
  /** Where blocks are made. */
  readonly out: Words
  /** Told of the rule that is being looked at, for Problems. */
  readonly at: RuleMark
}

/**
 * Makes the block in `out`, from its beginning; `memory` is linear memory, from which the rules that `reuse` names are
 * copied out of `old`.
 */
export function encodeChain(
  { family, resolve, out, at }: ChainContext,
  chain: Chain,
  id: number,
  memory: Uint32Array,
  old: Replaced | undefined,
  reuse: Int32Array | undefined,
): void {
  const { rules } = chain
  const count = rules.length
  out.clear()
  out.take(R.CHAIN_QUICK / 4)
  const quick = out.take((Math.floor(count / R.QUICK_LANES) + 1) * (R.QUICK_SIZE / 4))
  const offsets = out.take(count)
  if (out.length % 2 !== 0) out.take(1)
  const counters = out.take(count * (R.COUNTER_SIZE / 4))
  const bodies = out.length
  for (let i = 0; i < count;) {
    if (reuse !== undefined && reuse[i]! >= 0) {
      i = copyRun(out, memory, old!, { quick, offsets, rules: reuse, first: i })
      continue
    }
    at.rule = i
    out.words[offsets + i] = out.length * 4
    encodeRule(out, rules[i]!, family, resolve, lanes)
    writeLanes(out.words, lane(quick, i), lanes)
    i++
  }
  for (let i = 0; i < count; i++) writeCounters(out.words, counters + i * 4, rules[i]!)
  closeLanes(out.words, quick, count)
  const head = out.words
  head[R.CHAIN_RULES / 4] = count
  head[R.CHAIN_POLICY / 4] = policyWord(chain)
  head[R.CHAIN_ID / 4] = id
  writeCounter(head, R.CHAIN_PACKETS / 4, chain.counters.packets)
  writeCounter(head, R.CHAIN_BYTES / 4, chain.counters.bytes)
  head[R.CHAIN_OFFSETS / 4] = offsets * 4
  head[R.CHAIN_COUNTERS / 4] = counters * 4
  head[R.CHAIN_SIZE / 4] = out.length * 4
  head[R.CHAIN_BODIES / 4] = bodies * 4
}

function policyWord({ policy }: Chain): number {
  if (policy === null) return R.CHAIN_NO_POLICY
  return policy === 'DROP' ? NF_DROP : NF_ACCEPT
}

function writeCounters(words: Uint32Array, at: number, { counters }: Rule): void {
  if (counters === undefined) return
  writeCounter(words, at, counters.packets)
  writeCounter(words, at + 2, counters.bytes)
}

function writeCounter(words: Uint32Array, at: number, value: number): void {
  words[at] = value >>> 0
  words[at + 1] = Math.floor(value / 2 ** 32)
}

interface Run {
  /** Where the new chain's quick blocks and offsets begin. */
  readonly quick: number
  readonly offsets: number
  /** What `reusedRules` says, and the first rule of the run. */
  readonly rules: Int32Array
  readonly first: number
}

/** Copies rules that stand one behind the other in the old chain too. Returns the index of the rule after them. */
function copyRun(
  out: Words,
  memory: Uint32Array,
  old: Replaced,
  { quick, offsets, rules, first }: Run,
): number {
  const base = old.ptr / 4
  const oldOffsets = base + memory[base + R.CHAIN_OFFSETS / 4]! / 4
  const oldQuick = base + R.CHAIN_QUICK / 4
  const from = rules[first]!
  let end = first + 1
  while (end < rules.length && rules[end] === from + end - first) end++
  const after = from + end - first
  const begin = memory[oldOffsets + from]!
  const stop = after < old.chain.rules.length ? memory[oldOffsets + after]! : memory[base + R.CHAIN_SIZE / 4]!
  const moved = out.length * 4 - begin
  const body = out.take((stop - begin) / 4)
  const { words } = out
  words.set(memory.subarray(base + begin / 4, base + stop / 4), body)
  for (let i = first; i < end; i++) {
    const known = from + i - first
    words[offsets + i] = memory[oldOffsets + known]! + moved
    const to = lane(quick, i)
    const at = lane(oldQuick, known)
    for (let field = 0; field < R.QUICK_SIZE / 4; field += 4) words[to + field] = memory[at + field]!
  }
  return end
}

/** Word of the first lane field of rule `i` in blocks that begin at `quick`. */
const lane = (quick: number, i: number): number => quick + (i >> 2) * (R.QUICK_SIZE / 4) + (i & 3)

function writeLanes(words: Uint32Array, at: number, { net, mask, pp, ppMask }: Lanes): void {
  words[at + R.QUICK_NET / 4] = net
  words[at + R.QUICK_MASK / 4] = mask
  words[at + R.QUICK_PP / 4] = pp
  words[at + R.QUICK_PP_MASK / 4] = ppMask
}

/** The lane behind the last rule takes every packet (it ends the scan), those behind it take none. */
function closeLanes(words: Uint32Array, quick: number, count: number): void {
  for (let i = count + 1; (i & 3) !== 0; i++) words[lane(quick, i) + R.QUICK_NET / 4] = 1
}
