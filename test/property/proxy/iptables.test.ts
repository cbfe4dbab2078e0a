/** Properties of kube-proxy's iptables mode over arbitrary scenarios. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyRestore, parseRestore, sameRule, sameRuleset } from '../../../src/kernel/iptables/index.ts'
import { printRestore } from '../../../src/kernel/restore.ts'
import type { RestoreBatch } from '../../../src/kernel/restore.ts'
import type { Chain, Ruleset } from '../../../src/kernel/ruleset.ts'
import { printKubeProxyRestore } from '../../../src/proxy/iptables/restore-text.ts'
import { proxyScenario } from '../../arbitraries/proxy-scenario.ts'
import { emptyRuleset } from '../../support/proxy/host.ts'
import { runScenario, startScenario } from '../../support/proxy/scenario.ts'
import type { Scenario } from '../../support/proxy/scenario.ts'

const SEED = 20240101
const options = (numRuns: number) => ({ seed: SEED, numRuns })

function batchesOf(scenario: Scenario): RestoreBatch[] {
  const harness = startScenario(scenario)
  runScenario(scenario, harness)
  return harness.reports.map(({ batch }) => batch!)
}

/** Parsed text against what it was printed from: the same commands on the same chains with the same rules. */
function expectSameBatch(parsed: RestoreBatch, batch: RestoreBatch): void {
  expect(parsed.tables.map(({ name }) => name)).toEqual(batch.tables.map(({ name }) => name))
  for (const [i, table] of batch.tables.entries()) {
    const other = parsed.tables[i]!
    expect(other.chains.map(({ name, policy }) => [name, policy])).toEqual(
      table.chains.map(({ name, policy }) => [name, policy]),
    )
    expect(other.commands.length).toBe(table.commands.length)
    for (const [j, command] of table.commands.entries()) {
      const twin = other.commands[j]!
      if (command.kind === 'append' && twin.kind === 'append') {
        expect(twin.chain).toBe(command.chain)
        if (!sameRule(twin.rule, command.rule)) expect(twin.rule).toEqual(command.rule)
      } else expect({ ...twin, line: undefined }).toEqual({ ...command, line: undefined })
    }
  }
}

describe('kube-proxy, iptables mode', () => {
  it('feeds text that reads back as the very rules, in its own words and in those of iptables-save', () => {
    fc.assert(
      fc.property(proxyScenario, (scenario) => {
        for (const batch of batchesOf(scenario))
          for (const text of [printKubeProxyRestore(batch), printRestore(batch)])
            expectSameBatch(parseRestore(text, batch.family, { noflush: true, counters: true }), batch)
      }),
      options(100),
    )
  })

  it('has the same ruleset after any history as when started on its end', () => {
    fc.assert(
      fc.property(proxyScenario, (scenario) => {
        const harness = startScenario(scenario)
        runScenario(scenario, harness)
        const zone = scenario.steps.reduce((zone, step) => step.zone ?? zone, scenario.config.zone ?? '')
        const fresh: Scenario = {
          config: { ...scenario.config, zone },
          steps: [{ put: harness.objects, remove: [] }],
        }
        const restarted = startScenario(fresh)
        runScenario(fresh, restarted)
        const [a, b] = [harness, restarted].map(({ host, family }) => host.iptables[family].ruleset)
        expect(chainsOf(a!)).toEqual(chainsOf(b!))
      }),
      options(200),
    )
  })

  it('leaves what iptables-restore would leave', () => {
    fc.assert(
      fc.property(proxyScenario, (scenario) => {
        const harness = startScenario(scenario)
        runScenario(scenario, harness)
        let expected = emptyRuleset(harness.family)
        for (const { batch } of harness.reports) expected = applyRestore(expected, batch!)
        const actual = withoutBuiltIns(harness.host.iptables[harness.family].ruleset)
        expect(sameRuleset(actual, withoutBuiltIns(expected))).toBe(true)
      }),
      options(100),
    )
  })

  it('writes only shared chains and those of changed services, and keeps all other objects', () => {
    fc.assert(
      fc.property(proxyScenario, (scenario) => {
        const harness = startScenario(scenario)
        runScenario(scenario, harness)
        const tables = harness.host.iptables[harness.family].ruleset.tables
        const before = new Map(tables.get('nat')!.chains)
        harness.proxier.sync()
        harness.settle()
        expect(harness.last.full).toBe(false)
        const rewritten = new Set(harness.last.batch!.tables[1]!.chains.map(({ name }) => name))
        for (const chain of rewritten) expect(chain).not.toMatch(/^KUBE-(SVC|SVL|SEP|FW|EXT)-/)
        for (const [name, chain] of tables.get('nat')!.chains)
          if (rewritten.has(name)) expectSameRuleObjects(chain, before.get(name)!)
          else expect(chain).toBe(before.get(name))
      }),
      options(100),
    )
  })
})

function expectSameRuleObjects(a: Chain, b: Chain): void {
  expect(a.rules.length).toBe(b.rules.length)
  for (const [i, rule] of a.rules.entries()) expect(rule).toBe(b.rules[i])
}

function chainsOf({ tables }: Ruleset): Record<string, unknown> {
  const chains = [...tables.values()].flatMap(({ name, chains }) =>
    [...chains.values()].map((chain) => [`${name} ${chain.name}`, chain.rules] as const),
  )
  return Object.fromEntries(chains)
}

/** The jumps are made one by one, not by restore. */
function withoutBuiltIns({ family, tables }: Ruleset): Ruleset {
  const kept = [...tables.values()].map(({ name, chains }) => {
    const own = [...chains].filter(([, { policy }]) => policy === null)
    return [
      name,
      { name, chains: new Map(own.filter(([name]) => !/CANARY|KUBE-FIREWALL/.test(name))) },
    ] as const
  })
  return { family, tables: new Map(kept) }
}
