import { describe, expect, it } from 'vitest'
import { Engine } from '../../../../src/engine/index.ts'
import { applyIpset, parseIpsetRestore, printIpsetSave } from '../../../../src/kernel/ipset/index.ts'
import { parseIptablesSave } from '../../../../src/kernel/iptables/index.ts'

function engineWith(...lines: string[]): Engine {
  const engine = Engine.create()
  engine.advanceTo(1_700_000_000_000)
  engine.netnsAdd('node')
  engine.setsSet('node', applyIpset(new Map(), parseIpsetRestore(lines.join('\n'))))
  return engine
}

const apply = (engine: Engine, ...lines: string[]) =>
  engine.setsSet('node', applyIpset(engine.setsList('node'), parseIpsetRestore(lines.join('\n'))))
const saved = (engine: Engine) =>
  printIpsetSave(engine.setsList('node'), { sorted: true })
    .split('\n')
    .filter((line) => line.startsWith('add'))

describe('sets of a namespace', () => {
  it('change by commands, and what no command touched stays the same object', () => {
    const engine = engineWith('create a hash:ip', 'add a 1.1.1.1', 'create b hash:net', 'add b 10.0.0.0/8')
    const before = engine.setsList('node')
    apply(engine, 'add a 1.1.1.2', 'del a 1.1.1.1')
    expect(engine.setsList('node').get('b')).toBe(before.get('b'))
    expect(saved(engine)).toEqual(['add a 1.1.1.2', 'add b 10.0.0.0/8'])
    expect(engine.setsTest('node', 'b', '10.9.9.9')).toBe(true)
    expect(engine.setsTest('node', 'a', '1.1.1.1')).toBe(false)
  })

  it('forget what is gone as virtual time passes', () => {
    const engine = engineWith('create t hash:ip timeout 10', 'add t 1.1.1.1', 'add t 1.1.1.2 timeout 0')
    engine.advanceTo(engine.now + 4000)
    expect(saved(engine)).toEqual(['add t 1.1.1.1 timeout 6', 'add t 1.1.1.2 timeout 0'])
    apply(engine, 'add t 1.1.1.3')
    expect(saved(engine)).toContain('add t 1.1.1.1 timeout 6')
    engine.advanceTo(engine.now + 6001)
    expect(saved(engine)).toEqual(['add t 1.1.1.2 timeout 0', 'add t 1.1.1.3 timeout 3'])
    expect(engine.setsTest('node', 't', '1.1.1.1')).toBe(false)
  })

  it('keep their slot when they are swapped or made anew', () => {
    const engine = engineWith(
      'create a hash:ip',
      'add a 1.1.1.1',
      'create b hash:ip',
      'add b 2.2.2.2',
      'create l list:set',
      'add l a',
    )
    apply(engine, 'swap a b')
    expect(saved(engine)).toEqual(['add a 2.2.2.2', 'add b 1.1.1.1', 'add l a'])
    expect(engine.setsTest('node', 'a', '2.2.2.2')).toBe(true)
  })

  it('grow to many elements and are listed whole', () => {
    const engine = engineWith('create big hash:ip,port maxelem 100000', 'add big 10.0.0.0/18,tcp:80-81')
    const set = engine.setsList('node').get('big')!
    expect(set.entries.size).toBe(32_768)
    engine.setsDelete(
      'node',
      'big',
      [...set.entries.values()].slice(0, 30_000).map(({ element }) => element),
    )
    expect(engine.setsList('node').get('big')!.entries.size).toBe(2768)
    engine.setsAdd('node', 'big', [...set.entries.values()].slice(0, 10))
    expect(engine.setsTest('node', 'big', '10.0.0.0,tcp:81')).toBe(true)
    expect(engine.setsTest('node', 'big', '10.0.1.0,tcp:81')).toBe(false)
  })

  it('cannot go while a rule names them', () => {
    const engine = engineWith('create a hash:ip')
    const rules = '*filter\n-A INPUT -m set --match-set a src -j DROP\nCOMMIT\n'
    engine.rulesetSet('node', parseIptablesSave(rules, 'ipv4'))
    expect(() => engine.setsSet('node', new Map())).toThrow('it is in use by a kernel component')
    expect(engine.setsReferences('node', 'a')).toBe(1)
    engine.rulesetSet('node', parseIptablesSave('*filter\nCOMMIT\n', 'ipv4'))
    engine.setsSet('node', new Map())
    expect([...engine.setsList('node').keys()]).toEqual([])
  })

  it('are refused whole when one of them does not fit, and the old ones stand', () => {
    const engine = engineWith('create a hash:ip', 'add a 1.1.1.1')
    const sets = applyIpset(
      engine.setsList('node'),
      parseIpsetRestore('create c hash:ip maxelem 2\nadd c 1.1.1.0/31'),
    )
    const c = sets.get('c')!
    const bad = new Map(sets).set('c', { ...c, maxelem: 1 })
    expect(() => engine.setsSet('node', bad)).toThrow('c: Hash is full, cannot add more elements')
    expect(saved(engine)).toEqual(['add a 1.1.1.1'])
  })
})
