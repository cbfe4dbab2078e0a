import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printIpsetSave } from '../../../../src/kernel/ipset/index.ts'
import { arbitrarySets, setsOf } from '../../../arbitraries/ipset.ts'
import { arbitrarySetPacket } from '../../../arbitraries/set-packet.ts'
import { SetsTwin, type SetTest } from '../../../reference/ipset.ts'
import { SetsHarness, START } from '../../../support/ipset/harness.ts'

const SEED = 77

const directions = fc.array(fc.constantFrom<'src' | 'dst'>('src', 'dst'), { minLength: 1, maxLength: 3 })
const name = fc.constantFrom('a', 'b', 'l')
const counter = fc.option(
  fc.record({ op: fc.constantFrom('eq', 'ne', 'lt', 'gt'), value: fc.constantFrom(0, 1, 2, 3, 100, 200) }),
  { nil: undefined, freq: 3 },
)

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('test' as const),
      packet: arbitrarySetPacket,
      test: fc.record({
        set: name,
        directions,
        returnNomatch: fc.boolean(),
        skipCounters: fc.boolean(),
        skipSubcounters: fc.boolean(),
        packets: counter,
        bytes: counter,
      }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      packet: arbitrarySetPacket,
      rule: fc.record({ set: name, directions }),
      exist: fc.boolean(),
      timeout: fc.option(fc.constantFrom(0, 1, 30), { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      packet: arbitrarySetPacket,
      rule: fc.record({ set: name, directions }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 1000, 3000, 20_000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('list' as const), set: fc.constantFrom('a', 'b') }) },
)

describe('sets in the engine', () => {
  it('say of random packets, and become by them, what the slow twin does', () => {
    fc.assert(
      fc.property(arbitrarySets({ timeouts: true }), fc.array(step, { maxLength: 40 }), (text, steps) => {
        const sets = setsOf(text)
        const harness = new SetsHarness()
        harness.sets.set(1, sets)
        const twin = new SetsTwin(sets, START)
        let now = START
        const listed = (set: string) =>
          printIpsetSave(harness.sets.list(1), { set, sorted: true })
            .split('\n')
            .flatMap((line) => (line.startsWith('add ') ? [line.slice(4 + set.length + 1)] : []))
        for (const one of steps) {
          switch (one.kind) {
            case 'test':
              expect(harness.test(one.packet.bytes, one.test as SetTest)).toBe(
                twin.test(one.packet.seen, one.test as SetTest),
              )
              break
            case 'add':
              harness.add(one.packet.bytes, one.rule, one.exist, one.timeout)
              twin.add(one.packet.seen, one.rule, one.exist, one.timeout)
              break
            case 'delete':
              harness.delete(one.packet.bytes, one.rule)
              twin.delete(one.packet.seen, one.rule)
              break
            case 'wait':
              now += one.ms
              harness.advanceTo(now)
              twin.advanceTo(now)
              break
            case 'list':
              expect(listed(one.set)).toEqual(twin.list(one.set))
              break
            default:
          }
        }
        for (const set of ['a', 'b']) expect(listed(set)).toEqual(twin.list(set))
      }),
      { numRuns: 600, seed: SEED },
    )
  })
})
