import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Engine } from '../../../../src/engine/index.ts'
import {
  applyIpset,
  newEntry,
  newSet,
  parseElements,
  parseIpsetRestore,
  printIpsetSave,
  printSetsChange,
} from '../../../../src/kernel/ipset/index.ts'
import type { IpSet, SetEntry, SetsChange } from '../../../../src/kernel/ipset.ts'
import { parseIptablesSave } from '../../../../src/kernel/iptables/index.ts'
import { arbitraryElement, arbitrarySets, setsOf } from '../../../arbitraries/ipset.ts'

const SEED = 4711
const NODE = 'node'

function engineWith(...sets: IpSet[]): Engine {
  const engine = Engine.create()
  engine.advanceTo(1_700_000_000_000)
  engine.netnsAdd(NODE)
  engine.setsChange(NODE, { create: sets })
  return engine
}

const elements = (set: IpSet, text: string) => parseElements(text, set)
const entries = (set: IpSet, text: string, options = {}): SetEntry[] =>
  elements(set, text).map((element) => newEntry(element, set, options))
const saved = (engine: Engine) =>
  printIpsetSave(engine.setsList(NODE))
    .split('\n')
    .filter((line) => line.startsWith('add'))

const pods = newSet({ name: 'pods', type: 'hash:ip' })
const web = newSet({ name: 'web', type: 'hash:ip,port', maxelem: 3 })

describe('a change of sets', () => {
  it('makes, fills, empties and takes away, and the rest keeps its objects', () => {
    const engine = engineWith(pods, web)
    engine.setsChange(NODE, {
      add: new Map([
        ['pods', entries(pods, '10.0.0.0/30')],
        ['web', entries(web, '10.0.0.1,tcp:80')],
      ]),
    })
    const before = engine.setsList(NODE)
    const nets = newSet({ name: 'nets', type: 'hash:net' })
    const more = {
      ...nets,
      entries: new Map(entries(nets, '10.1.0.0/16').map((entry) => ['10.1.0.0/16', entry])),
    }
    engine.setsChange(NODE, {
      create: [more],
      delete: new Map([['pods', elements(pods, '10.0.0.0/31')]]),
      add: new Map([['nets', entries(nets, '10.1.2.0/24', { nomatch: true })]]),
    })
    const after = engine.setsList(NODE)
    expect(after.get('web')).toBe(before.get('web'))
    expect(before.get('pods')!.entries.size).toBe(4)
    expect(saved(engine)).toEqual([
      'add pods 10.0.0.2',
      'add pods 10.0.0.3',
      'add web 10.0.0.1,tcp:80',
      'add nets 10.1.0.0/16',
      'add nets 10.1.2.0/24 nomatch',
    ])
    engine.setsChange(NODE, { destroy: ['nets', 'web'] })
    expect([...engine.setsList(NODE).keys()]).toEqual(['pods'])
    expect(engine.setsTest(NODE, 'pods', '10.0.0.1')).toBe(false)
    expect(engine.setsTest(NODE, 'pods', '10.0.0.2')).toBe(true)
  })

  it('leaves the counters, timeouts and comments of other entries alone', () => {
    const set = newSet({ name: 's', type: 'hash:ip', timeout: 100, counters: true, comment: true })
    const engine = engineWith(set)
    engine.setsAdd(NODE, 's', entries(set, '1.1.1.1', { packets: 7, bytes: 70, comment: 'one' }))
    engine.advanceTo(engine.now + 30_000)
    engine.setsAdd(NODE, 's', entries(set, '1.1.1.2'))
    expect(saved(engine)).toEqual([
      'add s 1.1.1.1 timeout 70 packets 7 bytes 70 comment "one"',
      'add s 1.1.1.2 timeout 100 packets 0 bytes 0',
    ])
    engine.advanceTo(engine.now + 70_001)
    expect(saved(engine)).toEqual(['add s 1.1.1.2 timeout 29 packets 0 bytes 0'])
  })

  it('finds the members of a list after one of them has gone with time', () => {
    const list = newSet({ name: 'l', type: 'list:set', timeout: 10 })
    const engine = engineWith(pods, web, list)
    engine.setsAdd(NODE, 'l', entries(list, 'pods', { timeout: 5 }))
    engine.setsAdd(NODE, 'l', entries(list, 'web', { timeout: 50 }))
    engine.advanceTo(engine.now + 6000)
    expect(saved(engine)).toEqual(['add l web timeout 44'])
    engine.advanceTo(engine.now + 1000)
    expect(saved(engine)).toEqual(['add l web timeout 43'])
  })

  it('of any kind says the same as its text to the tool', () => {
    const names = ['a', 'b'] as const
    const step = fc.record({
      list: fc.boolean(),
      set: fc.constantFrom(...names),
      add: fc.array(fc.nat(30), { maxLength: 4 }),
      delete: fc.array(fc.nat(30), { maxLength: 4 }),
      member: fc.constantFrom('none', 'add', 'delete'),
      fresh: fc.constantFrom('no', 'make', 'destroy'),
    })
    fc.assert(
      fc.property(
        arbitrarySets({ timeouts: true }),
        fc.array(step, { minLength: 1, maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        (text, steps, seeds) => {
          let model = setsOf(text)
          const engine = engineWith()
          engine.setsSet(NODE, model)
          for (const one of steps) {
            const set = model.get(one.set)!
            const pick = (count: number): string[] =>
              fc.sample(arbitraryElement(set.type, set.family ?? 'ipv4'), {
                numRuns: count,
                seed: seeds.next().value % 1000,
              })
            const list = model.get('l')
            const made = newSet({ name: 'n', type: 'hash:net', family: 'ipv6' })
            const change: SetsChange = {
              ...(one.fresh === 'make' && !model.has('n') && { create: [made] }),
              delete: new Map([
                [one.set, pick(one.delete.length + 1).flatMap((each) => elements(set, each))],
                ...(list && one.member === 'delete' ? [['l', elements(list, one.set)] as const] : []),
              ]),
              add: new Map([
                [one.set, pick(one.add.length + 1).flatMap((each) => entries(set, each))],
                ...(list && one.member === 'add' ? [['l', entries(list, one.set)] as const] : []),
              ]),
              ...(one.fresh === 'destroy' && model.has('n') && { destroy: ['n'] }),
            }
            const lines = printSetsChange(change, (name) => model.get(name)!)
            let expected: unknown
            try {
              model = applyIpset(model, parseIpsetRestore(lines), { exist: true })
            } catch (error) {
              expected = error
            }
            if (expected === undefined) engine.setsChange(NODE, change)
            else expect(() => engine.setsChange(NODE, change)).toThrow()
            if (one.list) expect(printIpsetSave(engine.setsList(NODE))).toBe(printIpsetSave(model))
          }
          expect(printIpsetSave(engine.setsList(NODE))).toBe(printIpsetSave(model))
        },
      ),
      { numRuns: 100, seed: SEED },
    )
  })
})

describe('a change that cannot be made', () => {
  const full = (engine: Engine) => {
    engine.setsAdd(NODE, 'web', entries(web, '10.0.0.1,tcp:80-82'))
    return saved(engine)
  }
  const refused: [string, (engine: Engine) => void, string][] = [
    [
      'more elements than the set takes',
      (engine) =>
        engine.setsChange(NODE, {
          create: [newSet({ name: 'new', type: 'hash:ip' })],
          add: new Map([
            ['pods', entries(pods, '10.0.0.9')],
            ['web', entries(web, '10.0.0.2,tcp:80')],
          ]),
        }),
      'web: Hash is full, cannot add more elements',
    ],
    [
      'a set that is not there',
      (engine) => engine.setsAdd(NODE, 'nope', []),
      'nope: The set with the given name does not exist',
    ],
    [
      'a set that is there',
      (engine) => engine.setsChange(NODE, { destroy: ['pods'], create: [pods] }),
      'pods: Set cannot be created: set with the same name already exists',
    ],
    [
      'an address of the other family',
      (engine) =>
        engine.setsAdd(NODE, 'pods', [
          ...entries(pods, '10.0.0.9'),
          { element: { first: { address: 'fd00::1', prefixLength: 32 } } },
        ]),
      '"fd00::1" is not an IPv4 address',
    ],
    [
      'an element of another type',
      (engine) => engine.setsAdd(NODE, 'pods', entries(web, '10.0.0.9,tcp:80')),
      'pods: the element is not one of a set of type hash:ip',
    ],
    [
      'a member that is not there',
      (engine) => {
        const list = newSet({ name: 'l', type: 'list:set' })
        engine.setsChange(NODE, { create: [list], add: new Map([['l', entries(list, 'nope')]]) })
      },
      'nope: Set to be added/deleted/tested as element does not exist.',
    ],
    [
      'destroying what a list holds',
      (engine) => {
        const list = newSet({ name: 'l', type: 'list:set' })
        engine.setsChange(NODE, {
          create: [list],
          add: new Map([['l', entries(list, 'pods')]]),
          destroy: ['pods'],
        })
      },
      'pods: Set cannot be destroyed: it is in use by a kernel component',
    ],
  ]
  it.each(refused)('%s: nothing has changed', (_, change, message) => {
    const engine = engineWith(pods, web)
    const before = full(engine)
    expect(() => change(engine)).toThrow(message)
    expect(saved(engine)).toEqual(before)
    expect([...engine.setsList(NODE).keys()]).toEqual(['pods', 'web'])
  })

  it('takes room that the same change makes', () => {
    const engine = engineWith(pods, web)
    full(engine)
    engine.setsChange(NODE, {
      delete: new Map([['web', elements(web, '10.0.0.1,tcp:80-81')]]),
      add: new Map([['web', entries(web, '10.0.0.2,tcp:80-81')]]),
    })
    expect(saved(engine)).toEqual(
      ['10.0.0.1,tcp:82', '10.0.0.2,tcp:80', '10.0.0.2,tcp:81'].map((element) => `add web ${element}`),
    )
  })

  it('destroys no set that a rule names', () => {
    const engine = engineWith(pods)
    const rules = '*filter\n-A INPUT -m set --match-set pods src -j DROP\nCOMMIT\n'
    engine.rulesetSet(NODE, parseIptablesSave(rules, 'ipv4'))
    expect(() => engine.setsChange(NODE, { destroy: ['pods'] })).toThrow('in use by a kernel component')
  })

  it('refuses a whole model whose list has a member that goes', () => {
    const list = newSet({ name: 'l', type: 'list:set' })
    const engine = engineWith(pods, list)
    engine.setsAdd(NODE, 'l', entries(list, 'pods'))
    const without = new Map(engine.setsList(NODE))
    without.delete('pods')
    expect(() => engine.setsSet(NODE, without)).toThrow('pods: Set to be added')
    expect(saved(engine)).toEqual(['add l pods'])
  })
})
