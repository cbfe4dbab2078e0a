/**
 * What a node has of policies, next to what a policy agent that is told of the same objects for the first time would
 * make, with the same mistakes if it is to make any: incremental compiling against compiling from scratch.
 */
import type { Cluster } from '../../cluster/cluster.ts'
import type { PolicyConfig } from '../../cluster/components/node-policy.ts'
import { NodeKernel } from '../../cluster/components/node-kernel.ts'
import { nodeAddresses } from '../../cluster/view.ts'
import { Engine } from '../../engine/index.ts'
import { printIptablesSave } from '../../kernel/iptables/index.ts'
import { printIpsetSave } from '../../kernel/ipset/index.ts'
import { policyFaults } from '../../policy/faults/index.ts'
import { PolicyAgent } from '../../policy/iptables/agent.ts'
import { POLICY_INPUTS } from '../../policy/plan/inputs.ts'

/** `policy` is what the cluster was made with. @throws Error that names what differs */
export function expectRecompiled(cluster: Cluster, policy: PolicyConfig = {}): void {
  for (const { metadata } of cluster.view.nodes()) {
    const { name } = metadata
    const [live, fresh] = [liveRules(cluster, name), freshRules(cluster, name, policy)]
    const gone = fresh.filter((line) => !live.includes(line))
    const stale = live.filter((line) => !fresh.includes(line))
    if (gone.length + stale.length === 0 && live.join() === fresh.join()) continue
    throw new Error(
      [
        `${name} does not have what it would compile from scratch:`,
        ...gone.slice(0, 5).map((line) => `  missing ${line}`),
        ...stale.slice(0, 5).map((line) => `  left over ${line}`),
        ...(gone.length + stale.length === 0 ? ['  the order differs'] : []),
      ].join('\n'),
    )
  }
}

const FAMILIES = ['ipv4', 'ipv6'] as const

function liveRules(cluster: Cluster, node: string): string[] {
  const tables = FAMILIES.map((family) => cluster.render({ as: 'iptables-save', node, family }))
  return linesOf(tables, cluster.render({ as: 'ipset', node }))
}

function freshRules(
  { clock, view }: Cluster,
  name: string,
  { faults = [], liveConnections = 'keep' }: PolicyConfig,
): string[] {
  const engine = Engine.create({ seed: 1 })
  engine.netnsAdd(name)
  const node = view.nodes().find(({ metadata }) => metadata.name === name)
  const kernel = new NodeKernel(engine, clock, name, node === undefined ? [] : nodeAddresses(node))
  const inputs = policyFaults(faults).reduce((wrapped, fault) => fault(wrapped), POLICY_INPUTS)
  const agent = new PolicyAgent(kernel, { inputs, liveConnections })
  for (const each of view.nodes()) agent.setNode(each)
  for (const namespace of view.namespaces()) agent.setNamespace(namespace)
  for (const policy of [...view.networkPolicies(), ...view.clusterNetworkPolicies()]) agent.setPolicy(policy)
  for (const pod of view.pods()) agent.setPod(pod)
  agent.sync()
  return linesOf(
    FAMILIES.map((family) => printIptablesSave(kernel.iptables[family].ruleset)),
    printIpsetSave(kernel.sets.list()),
  )
}

/** The rules of the mangle table in their order, sets and their elements in none; counters left out. */
function linesOf(tables: readonly string[], sets: string): string[] {
  const rules = tables.flatMap((text) => text.split('\n').filter((line) => OF_POLICIES.test(line)))
  const elements = sets.split('\n').filter((line) => OF_POLICIES.test(line))
  return [...rules.map((line) => line.replace(/ \[\d+:\d+\]$|^\[\d+:\d+\] /, '')), ...elements.sort()]
}

/** Names of the chains and sets that the agents of policies keep (`src/policy/iptables/names.ts`). */
const OF_POLICIES = /\bNETPOL-|\bR?C?NP[EI]-|\bR?NS[EI]-/
