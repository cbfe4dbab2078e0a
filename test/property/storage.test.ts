/** The embedded store against a twin that keeps every state there ever was. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../src/sim/random.ts'
import { MvccStorage } from '../../src/apiserver/storage/mvcc.ts'
import {
  CompactedError,
  FutureRevisionError,
  type StorageEvent,
} from '../../src/apiserver/storage/storage.ts'

interface TwinEntry {
  readonly value: string
  readonly modRevision: number
  readonly createRevision: number
  readonly version: number
}

interface TwinWatch {
  readonly prefix: string
  readonly from: number
  readonly since: number
  until: number
  readonly seen: StorageEvent<string>[]
}

/** All snapshots, by revision, and all events. */
class Twin {
  snapshots: ReadonlyMap<string, TwinEntry>[] = [new Map(), new Map()]
  events: { type: string; key: string; revision: number; value: string; before: number }[] = []
  compacted = 0
  watches: TwinWatch[] = []

  get revision(): number {
    return this.snapshots.length - 1
  }

  at(revision: number): ReadonlyMap<string, TwinEntry> {
    return this.snapshots[revision]!
  }

  put(key: string, value: string): void {
    const next = new Map(this.at(this.revision))
    const old = next.get(key)
    const revision = this.revision + 1
    next.set(key, {
      value,
      modRevision: revision,
      createRevision: old?.createRevision ?? revision,
      version: (old?.version ?? 0) + 1,
    })
    this.snapshots.push(next)
    this.events.push({ type: 'put', key, revision, value, before: old?.modRevision ?? 0 })
  }

  delete(key: string, value: string): void {
    const next = new Map(this.at(this.revision))
    const old = next.get(key)!
    next.delete(key)
    this.snapshots.push(next)
    this.events.push({ type: 'delete', key, revision: this.revision, value, before: old.modRevision })
  }
}

type Store = MvccStorage<string>
type Command = fc.Command<Twin, Store>

class Write implements Command {
  readonly kind: 'put' | 'delete'
  readonly key: string
  readonly guess: 'right' | 'wrong'
  constructor(kind: 'put' | 'delete', key: string, guess: 'right' | 'wrong') {
    this.kind = kind
    this.key = key
    this.guess = guess
  }
  check(): boolean {
    return true
  }
  run(twin: Twin, store: Store): void {
    const current = twin.at(twin.revision).get(this.key)
    const right = current?.modRevision ?? 0
    const expected = this.guess === 'right' ? right : right + 1
    const result = store.commit({
      type: this.kind,
      key: this.key,
      expected,
      value: (revision) => `${this.key}#${revision}`,
    })
    const should = this.guess === 'right' && !(this.kind === 'delete' && current === undefined)
    expect(result.done).toBe(should)
    if (should) {
      const value = `${this.key}#${twin.revision + 1}`
      if (this.kind === 'put') twin.put(this.key, value)
      else twin.delete(this.key, value)
    } else if (!result.done) expect(result.current?.modRevision ?? 0).toBe(right)
    expect(store.revision).toBe(twin.revision)
  }
  toString(): string {
    return `${this.kind} ${this.key} (${this.guess})`
  }
}

class Read implements Command {
  readonly prefix: string
  readonly back: number
  readonly limit: number
  readonly from: string | undefined
  constructor(prefix: string, back: number, limit: number, from: string | undefined) {
    this.prefix = prefix
    this.back = back
    this.limit = limit
    this.from = from
  }
  check(): boolean {
    return true
  }
  run(twin: Twin, store: Store): void {
    const revision = twin.revision - this.back
    const { prefix, limit, from } = this
    const read = () => store.list(prefix, { revision, limit, ...(from !== undefined && { from }) })
    if (revision > twin.revision) return void expect(read).toThrow(FutureRevisionError)
    if (revision < twin.compacted) return void expect(read).toThrow(CompactedError)
    if (revision < 1) return
    const all = [...twin.at(revision)]
      .filter(([key]) => key.startsWith(prefix) && (from === undefined || key >= from))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => ({ key, ...entry }))
    const kept = limit > 0 ? all.slice(0, limit) : all
    expect(read()).toEqual({ entries: kept, revision, remaining: all.length - kept.length })
    for (const [key, entry] of twin.at(revision)) expect(store.get(key, revision)).toEqual({ key, ...entry })
  }
  toString(): string {
    return `list ${this.prefix} from ${this.from} limit ${this.limit}, ${this.back} back`
  }
}

class Watch implements Command {
  readonly prefix: string
  readonly back: number
  constructor(prefix: string, back: number) {
    this.prefix = prefix
    this.back = back
  }
  check(): boolean {
    return true
  }
  run(twin: Twin, store: Store): void {
    const from = twin.revision + 1 - this.back
    const watch: TwinWatch = { prefix: this.prefix, from, since: 0, until: Infinity, seen: [] }
    const begin = () => store.watch(this.prefix, from, (event) => void watch.seen.push(event))
    if (from <= twin.compacted) return void expect(begin).toThrow(CompactedError)
    const handle = begin()
    twin.watches.push(watch)
    cancels.set(watch, () => handle.cancel())
  }
  toString(): string {
    return `watch ${this.prefix}, ${this.back} back`
  }
}

const cancels = new WeakMap<TwinWatch, () => void>()

class Cancel implements Command {
  check(twin: Twin): boolean {
    return twin.watches.some(({ until }) => until === Infinity)
  }
  run(twin: Twin): void {
    const watch = twin.watches.find(({ until }) => until === Infinity)!
    watch.until = twin.revision
    cancels.get(watch)!()
  }
  toString(): string {
    return 'cancel'
  }
}

class Compact implements Command {
  readonly back: number
  constructor(back: number) {
    this.back = back
  }
  check(): boolean {
    return true
  }
  run(twin: Twin, store: Store): void {
    const revision = twin.revision - this.back
    if (revision > twin.revision)
      return void expect(() => store.compact(revision)).toThrow(FutureRevisionError)
    if (revision <= twin.compacted) return void expect(() => store.compact(revision)).toThrow(CompactedError)
    store.compact(revision)
    twin.compacted = revision
    expect(store.compactRevision).toBe(revision)
  }
  toString(): string {
    return `compact ${this.back} back`
  }
}

const key = fc.constantFrom('/a/1', '/a/2', '/a/3', '/a/33', '/b/1', '/b/2', '/ab')
const prefix = fc.constantFrom('/', '/a/', '/a', '/b/', '/a/3', '/c/')
const back = fc.integer({ min: -1, max: 12 })
const commands = [
  fc
    .tuple(fc.constantFrom('put', 'put', 'delete'), key, fc.constantFrom('right', 'right', 'right', 'wrong'))
    .map(([kind, name, guess]) => new Write(kind as 'put' | 'delete', name, guess as 'right' | 'wrong')),
  fc
    .tuple(prefix, back, fc.nat(3), fc.option(key, { nil: undefined }))
    .map(([start, ago, limit, from]) => new Read(start, ago, limit, from)),
  fc.tuple(prefix, back).map(([start, ago]) => new Watch(start, ago)),
  fc.constant(new Cancel()),
  fc.integer({ min: -1, max: 30 }).map((ago) => new Compact(ago)),
]

describe('MvccStorage', () => {
  it('is a store with all its history, minus what was compacted', () => {
    fc.assert(
      fc.property(fc.commands(commands, { maxCommands: 120, size: 'max' }), (run) => {
        const twin = new Twin()
        const store = new MvccStorage<string>()
        fc.modelRun(() => ({ model: twin, real: store }), run)
        for (const { prefix: start, from, until, seen } of twin.watches) {
          const expected = twin.events.filter(
            ({ key: name, revision }) => name.startsWith(start) && revision >= from && revision <= until,
          )
          expect(
            seen.map(({ type, key: name, revision, value, previous }) => ({
              type,
              key: name,
              revision,
              value,
              before: previous?.modRevision ?? 0,
            })),
          ).toEqual(expected)
        }
      }),
      { seed: 42, numRuns: 300 },
    )
  })

  it('keeps thousands of keys in order through inserts and removals', () => {
    const random = new Random(43)
    const store = new MvccStorage<number>()
    const live = new Set<string>()
    for (let step = 0; step < 20_000; step++) {
      const name = `/k/${random.below(3000)}`
      const expected = store.get(name)?.modRevision ?? 0
      const put = random.below(2) === 0
      if (put) live.add(name)
      else live.delete(name)
      store.commit({ type: put ? 'put' : 'delete', key: name, expected, value: (revision) => revision })
      if (step % 1000 === 999) store.compact(store.revision - 300)
    }
    expect(live.size).toBeGreaterThan(1000)
    expect(store.list('/k/').entries.map((entry) => entry.key)).toEqual([...live].toSorted())
  })
})
