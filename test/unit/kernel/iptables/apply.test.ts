import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  applyIptables,
  applyRestore,
  parseCommand,
  parseIptablesSave,
  parseRestore,
  printIptablesSave,
  sameRuleset,
  splitWords,
} from '../../../../src/kernel/iptables/index.ts'
import { printRestore } from '../../../../src/kernel/restore.ts'
import type { Chain, Ruleset } from '../../../../src/kernel/ruleset.ts'
import { arbitraryRuleset } from '../../../arbitraries/ruleset.ts'

const NAT = `*nat
:PREROUTING ACCEPT [1:60]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-SEP-A - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-A - [0:0]
[5:300] -A PREROUTING -j KUBE-SERVICES
[0:0] -A KUBE-SEP-A -p tcp -m tcp -j DNAT --to-destination 10.0.0.1:80
[2:120] -A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-A
[2:120] -A KUBE-SVC-A -j KUBE-SEP-A
COMMIT
`

const nat = () => parseIptablesSave(NAT, 'ipv4')
const chain = (ruleset: Ruleset, name: string): Chain => ruleset.tables.get('nat')!.chains.get(name)!
const restore = (ruleset: Ruleset, text: string, noflush = true) =>
  applyRestore(ruleset, parseRestore(text, 'ipv4', { noflush, file: 'batch' }))
const command = (ruleset: Ruleset, line: string) =>
  applyIptables(ruleset, 'nat', parseCommand(splitWords(line), { family: 'ipv4' }).commands)

describe('iptables-restore --noflush on a ruleset', () => {
  it('shares every chain that it does not name, and every rule that stays as it was', () => {
    const before = nat()
    const after = restore(
      before,
      '*nat\n:KUBE-SVC-A - [0:0]\n:KUBE-SEP-B - [0:0]\n-A KUBE-SEP-B -p tcp -m tcp -j DNAT --to-destination 10.0.0.2:80\n' +
        '-A KUBE-SVC-A -m statistic --mode random --probability 0.5 -j KUBE-SEP-B\n-A KUBE-SVC-A -j KUBE-SEP-A\nCOMMIT\n',
    )
    for (const name of ['PREROUTING', 'KUBE-SERVICES', 'KUBE-SEP-A'])
      expect(chain(after, name)).toBe(chain(before, name))
    expect(chain(after, 'KUBE-SVC-A').rules).toHaveLength(2)
    expect(chain(before, 'KUBE-SVC-A').rules).toHaveLength(1)
    const same = restore(
      before,
      '*nat\n:KUBE-SEP-A - [0:0]\n-A KUBE-SEP-A -p tcp -j DNAT --to-destination 10.0.0.1:80 -m tcp\nCOMMIT\n',
    )
    expect(chain(same, 'KUBE-SEP-A')).not.toBe(chain(before, 'KUBE-SEP-A'))
    expect(chain(same, 'KUBE-SEP-A').rules[0]).toBe(chain(before, 'KUBE-SEP-A').rules[0])
  })

  it('deletes chains that nothing jumps to any more', () => {
    const after = restore(
      nat(),
      '*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-SVC-A - [0:0]\n:KUBE-SEP-A - [0:0]\n-X KUBE-SVC-A\n-X KUBE-SEP-A\nCOMMIT\n',
    )
    expect([...after.tables.get('nat')!.chains.keys()]).toEqual([
      'PREROUTING',
      'INPUT',
      'OUTPUT',
      'POSTROUTING',
      'KUBE-SERVICES',
    ])
  })

  it.each([
    ['-X KUBE-SEP-A', 'batch:2: KUBE-SEP-A: Too many links.'],
    ['-A KUBE-SVC-B -j RETURN', 'batch:2: KUBE-SVC-B: No chain/target/match by that name.'],
    [
      '-A KUBE-SVC-A -j KUBE-SEP-Z',
      "batch:2: KUBE-SEP-Z: Couldn't load target `KUBE-SEP-Z': No such file or directory",
    ],
    ['-D KUBE-SVC-A -j RETURN', 'batch:2: Bad rule (does a matching rule exist in that chain?).'],
    ['-t filter -A INPUT', 'batch:2: -t: The -t option cannot be used in iptables-restore.'],
    ['-A KUBE-SVC-A -j REJECT', 'batch:2: REJECT: target REJECT is only valid in the filter table'],
    ['-A KUBE-SEP-A -j KUBE-SVC-A', 'batch: KUBE-S'],
  ])('changes nothing when it fails: %s', (line, message) => {
    const before = nat()
    expect(() => restore(before, `*nat\n${line}\nCOMMIT\n`)).toThrow(message)
    expect(printIptablesSave(before, { counters: true })).toBe(NAT)
  })

  it('takes tables in turn and puts a new one first, as the kernel lists them', () => {
    const after = restore(nat(), '*filter\n-A INPUT -j DROP\nCOMMIT\n*raw\nCOMMIT\n')
    expect([...after.tables.keys()]).toEqual(['raw', 'filter', 'nat'])
  })

  it('without noflush empties the table first and keeps the policies that it does not set', () => {
    const before = command(nat(), '-P POSTROUTING DROP')
    const after = restore(before, '*nat\n:OUTPUT ACCEPT [3:4]\nCOMMIT\n', false)
    expect(printIptablesSave(after)).toBe(
      '*nat\n:PREROUTING ACCEPT [1:60]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING DROP [0:0]\nCOMMIT\n',
    )
  })
})

describe('iptables on a ruleset', () => {
  it('inserts, replaces and deletes by number and by rule, and keeps other counters', () => {
    const one = command(nat(), '-I KUBE-SVC-A -s 10.0.0.0/8 -j RETURN')
    const two = command(one, '-R KUBE-SVC-A 1 -s 10.1.0.0/16 -j RETURN')
    const three = command(two, '-D KUBE-SVC-A -s 10.1.0.0/16 -j RETURN')
    expect(chain(two, 'KUBE-SVC-A').rules[1]).toBe(chain(one, 'KUBE-SVC-A').rules[1])
    expect(printIptablesSave(three, { counters: true })).toBe(NAT)
  })

  it('zeroes, renames and flushes', () => {
    expect(chain(command(nat(), '-Z'), 'KUBE-SVC-A').rules[0]!.counters).toBeUndefined()
    const renamed = command(nat(), '-E KUBE-SVC-A KUBE-SVC-B')
    expect(chain(renamed, 'KUBE-SERVICES').rules[0]!.target).toEqual({ kind: 'jump', chain: 'KUBE-SVC-B' })
    expect(chain(command(nat(), '-F'), 'KUBE-SERVICES').rules).toEqual([])
  })
})

describe('a batch', () => {
  it.each(['ipv4', 'ipv6'] as const)('printed and parsed is the same ruleset (%s)', (family) => {
    fc.assert(
      fc.property(arbitraryRuleset(family), (ruleset) => {
        // One pass through the parser takes what the text cannot say out of a model (a mask that is no prefix).
        const written = printIptablesSave(ruleset, { counters: true })
        const text = printIptablesSave(parseIptablesSave(written, family), { counters: true })
        const parsed = parseIptablesSave(text, family)
        expect(printIptablesSave(parsed, { counters: true })).toBe(text)
        const batch = parseRestore(text, family, { counters: true })
        expect(printRestore(batch)).toBe(text)
        const applied = applyRestore({ family, tables: new Map() }, batch)
        expect(sameRuleset(applied, parsed, { counters: true })).toBe(true)
      }),
      { numRuns: 60, seed: 5 },
    )
  })
})
