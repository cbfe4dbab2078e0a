/** A policy agent on a node that only keeps what it is told: rules by the batches it takes, sets by their changes. */
import { printIptablesSave } from '../../../src/kernel/iptables/index.ts'
import { printElement } from '../../../src/kernel/ipset/index.ts'
import type { IpSet, SetEntry, SetsChange } from '../../../src/kernel/ipset.ts'
import type { Family } from '../../../src/kernel/ruleset.ts'
import { PolicyAgent, type PolicyAgentOptions } from '../../../src/policy/iptables/agent.ts'
import { RulesetIptables } from '../../../src/proxy/iptables/ruleset-iptables.ts'

export interface AgentNode {
  readonly agent: PolicyAgent
  /** What the kernel would print of the table mangle, and all elements of sets, in an order of their own. */
  text(): string
  /** Chains written by the batches since the last call, both families. */
  takeWritten(): string[]
}

/** `failing`: that call of a tool, counted from 0, throws and changes nothing. */
export function agentNode(name: string, options: PolicyAgentOptions = {}, failing = -1): AgentNode {
  const sets = new Map<string, IpSet>()
  let written: string[] = []
  let calls = 0
  const attempt = <T>(act: () => T): T => {
    if (calls++ === failing) throw new Error('out of memory')
    return act()
  }
  const tablesOf = (family: Family) => {
    const tables = new RulesetIptables({ family, tables: new Map() })
    return Object.assign(Object.create(tables) as RulesetIptables, {
      ensureRule: (...rule: Parameters<RulesetIptables['ensureRule']>) =>
        attempt(() => tables.ensureRule(...rule)),
      deleteRule: (...rule: Parameters<RulesetIptables['deleteRule']>) =>
        attempt(() => tables.deleteRule(...rule)),
      flush: () => tables.flush(),
      restore: (batch: Parameters<RulesetIptables['restore']>[0]) =>
        attempt(() => {
          written.push(...batch.tables.flatMap(({ chains }) => chains.map((chain) => chain.name)))
          tables.restore(batch)
        }),
      printed: () => printIptablesSave(tables.ruleset),
    })
  }
  const iptables = { ipv4: tablesOf('ipv4'), ipv6: tablesOf('ipv6') }
  const agent = new PolicyAgent(
    { name, iptables, sets: { change: (change) => attempt(() => apply(sets, change)) } },
    options,
  )
  return {
    agent,
    text: () => [iptables.ipv4.printed(), iptables.ipv6.printed(), ...printSets(sets)].join('\n'),
    takeWritten: () => {
      const taken = written
      written = []
      return taken
    },
  }
}

/** As a kernel has it: what is made twice, or taken away without being there, is an error. */
function apply(sets: Map<string, IpSet>, change: SetsChange): void {
  const there = (name: string): IpSet => {
    const set = sets.get(name)
    if (set === undefined) throw new Error(`there is no set ${name}`)
    return set
  }
  for (const set of change.create ?? []) {
    if (sets.has(set.name)) throw new Error(`set ${set.name} is there already`)
    sets.set(set.name, { ...set, entries: new Map(set.entries) })
  }
  const entriesOf = (name: string) => there(name).entries as Map<string, SetEntry>
  for (const [name, elements] of change.delete ?? [])
    for (const element of elements) entriesOf(name).delete(printElement(element, there(name)))
  for (const [name, entries] of change.add ?? [])
    for (const entry of entries) entriesOf(name).set(printElement(entry.element, there(name)), entry)
  for (const name of change.destroy ?? []) {
    there(name)
    sets.delete(name)
  }
}

function printSets(sets: ReadonlyMap<string, IpSet>): string[] {
  return [...sets.values()]
    .flatMap(({ name, type, entries }) => [
      `create ${name} ${type}`,
      ...[...entries].map(
        ([text, { nomatch, comment = '' }]) => `add ${name} ${text}${nomatch ? ' nomatch' : ''} ${comment}`,
      ),
    ])
    .sort()
}
