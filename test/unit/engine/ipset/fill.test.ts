import { describe, expect, it } from 'vitest'
import {
  applyIpset,
  newEntry,
  newSet,
  parseElements,
  parseIpsetRestore,
} from '../../../../src/kernel/ipset/index.ts'
import { parseIptablesSave } from '../../../../src/kernel/iptables/index.ts'
import { Node, toNode } from '../../../support/engine/node.ts'
import { SetsHarness } from '../../../support/ipset/harness.ts'
import { ipPacket, udp } from '../../../support/packet/build.ts'

const PORTS = { sourcePort: 1024, destinationPort: 80 }
const rules = (set: string) =>
  parseIptablesSave(
    `*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j SET --add-set ${set} src\nCOMMIT\n`,
    'ipv4',
  )

function nodeWith(...lines: string[]): Node {
  const node = new Node()
  node.engine.setsSet('node', applyIpset(new Map(), parseIpsetRestore(lines.join('\n'))))
  // The first packet of all finds the buffers that all packets share.
  send(node, 1)
  return node
}

const used = ({ engine }: Node): number => engine.instance.exports.arena_used() >>> 0
const size = ({ engine }: Node, set: string): number => engine.setsList('node').get(set)!.entries.size

function send(node: Node, count: number, from = 0): void {
  for (let i = from; i < from + count; i++) {
    const ip = { source: `10.0.${i >> 8}.${i & 255}`, destination: '10.0.1.2' }
    node.send(0, toNode(0, ip, udp(ip, PORTS)))
  }
}

describe('a set that packets fill', () => {
  it('has room when the rule is loaded, and memory stays as it is', () => {
    const node = nodeWith('create seen hash:ip')
    const before = used(node)
    node.engine.rulesetSet('node', rules('seen'))
    expect(used(node) - before).toBeGreaterThan(65_536 * 64)
    const loaded = used(node)
    send(node, 300, 2)
    expect(size(node, 'seen')).toBe(300)
    expect(used(node)).toBe(loaded)
  })

  it('has it through a list, whatever members come later', () => {
    const node = nodeWith('create a hash:ip maxelem 40', 'create l list:set', 'add l a')
    node.engine.rulesetSet('node', rules('l'))
    const b = newSet({ name: 'b', type: 'hash:ip', maxelem: 1000 })
    const list = node.engine.setsList('node').get('l')!
    node.engine.setsChange('node', {
      create: [b],
      delete: new Map([['l', [{ set: 'a' }]]]),
      add: new Map([['l', parseElements('b', list).map((element) => newEntry(element, list, {}))]]),
    })
    const loaded = used(node)
    send(node, 200)
    expect(size(node, 'a')).toBe(0)
    expect(size(node, 'b')).toBe(200)
    expect(used(node)).toBe(loaded)
  })

  it('has it again when it is made anew under the rule', () => {
    const node = nodeWith('create seen hash:ip maxelem 16')
    node.engine.rulesetSet('node', rules('seen'))
    send(node, 20)
    expect(size(node, 'seen')).toBe(16)
    node.engine.setsSet('node', applyIpset(new Map(), parseIpsetRestore('create seen hash:ip maxelem 500')))
    const loaded = used(node)
    send(node, 300)
    expect(size(node, 'seen')).toBe(300)
    expect(used(node)).toBe(loaded)
  })

  it('takes no element more than there is room for, as a kernel without memory', () => {
    const harness = new SetsHarness()
    const sets = applyIpset(new Map(), parseIpsetRestore('create s hash:ip\nadd s 11.0.0.0/28'))
    harness.sets.set(1, sets)
    const rule = { set: 's', directions: ['src' as const] }
    const ip = { source: '10.0.0.1', destination: '10.0.0.2' }
    const packet = ipPacket(ip, udp(ip, PORTS))
    harness.add(packet, rule, false, undefined, false)
    expect(harness.sets.list(1).get('s')!.entries.size).toBe(16)
    harness.add(packet, rule, false)
    expect(harness.sets.list(1).get('s')!.entries.size).toBe(17)
  })
})
