/**
 * What a small change costs the host when much is there: a few elements of a set of 10,000 on a node with hundreds of
 * sets, and one chain of a table of 10,000 rules. Policies do both when a pod comes or goes.
 */
import { Engine } from '../../src/engine/engine.ts'
import { newEntry, newSet, parseElements } from '../../src/kernel/ipset/index.ts'
import type { IpSet, SetEntry } from '../../src/kernel/ipset.ts'
import { RulesetIptables } from '../../src/proxy/iptables/ruleset-iptables.ts'
import type { RestoreBatch } from '../../src/kernel/restore.ts'
import type { Rule } from '../../src/kernel/ruleset.ts'
import { emptyRuleset } from '../../test/support/proxy/host.ts'
import type { Figure } from '../support/figure.ts'

const NODE = 'node'
const SETS = 400
const ELEMENTS = 10_000
const CHAINS = 1000
const RULES_EACH = 10
/** Elements that one change takes out, and adds. */
const CHANGED = 4
const ROUNDS = 301

export function update(): Figure[] {
  return [
    figure(`update/set/${ELEMENTS}`, setChanges()),
    figure(`update/chain/${CHAINS * RULES_EACH}`, chainChanges()),
  ]
}

const figure = (name: string, value: number): Figure => ({
  name,
  value,
  unit: 'ms',
  target: 1,
  better: 'lower',
})

/** Milliseconds of the middle round. */
function median(rounds: number, run: (round: number) => void): number {
  const times = Array.from({ length: rounds }, (_, round) => {
    const start = performance.now()
    run(round)
    return performance.now() - start
  })
  return times.toSorted((a, b) => a - b)[rounds >> 1]!
}

const address = (number: number): string => `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`

function entriesOf(set: IpSet, from: number, count: number): SetEntry[] {
  return Array.from({ length: count }, (_, i) => parseElements(address(from + i), set)[0]!).map((element) =>
    newEntry(element, set, {}),
  )
}

function setChanges(): number {
  const engine = Engine.create({ seed: 1 })
  engine.netnsAdd(NODE)
  const sets = Array.from({ length: SETS }, (_, i) => newSet({ name: `pods-${i}`, type: 'hash:ip' }))
  const big = sets[SETS >> 1]!
  const add = new Map(sets.map((set) => [set.name, entriesOf(set, 1, 50)]))
  engine.setsChange(NODE, { create: sets, add: add.set(big.name, entriesOf(big, 1, ELEMENTS)) })
  const took = median(ROUNDS, (round) => {
    const gone = entriesOf(big, 1 + round * CHANGED, CHANGED).map(({ element }) => element)
    const more = entriesOf(big, 1 + ELEMENTS + round * CHANGED, CHANGED)
    engine.setsChange(NODE, { delete: new Map([[big.name, gone]]), add: new Map([[big.name, more]]) })
  })
  const { entries } = engine.setsList(NODE).get(big.name)!
  if (entries.size !== ELEMENTS || entries.has(address(1))) throw new Error('the changes did not arrive')
  return took
}

function chainChanges(): number {
  const engine = Engine.create({ seed: 1 })
  engine.netnsAdd(NODE)
  const iptables = new RulesetIptables(emptyRuleset('ipv4'), {
    load: (ruleset) => engine.rulesetSet(NODE, ruleset),
  })
  const name = (chain: number): string => `POLICY-${chain}`
  const rule = (number: number): Rule => ({
    header: { source: { value: { address: address(number), prefixLength: 32 } }, protocol: { value: 'tcp' } },
    matches: [{ kind: 'tcp', destinationPort: { value: { from: 80, to: 80 } } }],
    target: { kind: 'ACCEPT' },
  })
  const chains = Array.from({ length: CHAINS }, (_, i) => i)
  const append = (chain: number, from: number): RestoreBatch['tables'][number]['commands'] =>
    Array.from({ length: RULES_EACH }, (_, i) => ({
      kind: 'append',
      chain: name(chain),
      rule: rule(from + i),
    }))
  const batch = (numbers: readonly number[], from: number): RestoreBatch => ({
    family: 'ipv4',
    noflush: true,
    counters: true,
    tables: [
      {
        name: 'filter',
        chains: numbers.map((number) => ({ name: name(number), policy: null })),
        commands: numbers.flatMap((number) => append(number, from + number * RULES_EACH)),
      },
    ],
  })
  iptables.restore(batch(chains, 0))
  for (const chain of chains)
    iptables.ensureRule('filter', 'FORWARD', {
      header: { destination: { value: { address: address(chain), prefixLength: 32 } } },
      matches: [],
      target: { kind: 'jump', chain: name(chain) },
    })
  iptables.flush()
  const took = median(ROUNDS, (round) => iptables.restore(batch([round], 1 << 20)))
  const { rules } = engine
    .ruleset(NODE, 'ipv4')
    .tables.get('filter')!
    .chains.get(name(ROUNDS - 1))!
  if (rules[0]!.header.source?.value.address !== address((1 << 20) + (ROUNDS - 1) * RULES_EACH))
    throw new Error('the changes did not arrive')
  return took
}
