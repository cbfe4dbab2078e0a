/**
 * The chains of a node's policies, and the sets that several policies share. A policy that changes writes its own chain
 * and the one that has the line leading to it; the rest stands.
 */
import type { RestoreBatch } from '../../kernel/restore.ts'
import type { Family, Rule } from '../../kernel/ruleset.ts'
import type { PodMembers } from '../members/members.ts'
import type { Placement } from '../plan/inputs.ts'
import type { Direction, PolicyPlan } from '../plan/plan.ts'
import { ChainWriter } from './chain-writer.ts'
import { FAMILIES, type CountedSet } from './counted-set.ts'
import { isolatedSet, namespaceRules, namespacesRules, tierRules } from './dispatch.ts'
import { fixedChains, GATES, hooks, type Hook } from './fixed-chains.ts'
import { LANES, type Lane, type LiveConnections } from './lane.ts'
import { INPUT, namespaceChain, tierChain } from './names.ts'
import { PolicyTable, type ClusterTier } from './policy-table.ts'
import type { SetBook } from './set-book.ts'
import { PolicyUnit } from './unit.ts'

export interface PolicyRulesOptions {
  readonly placement: Placement
  readonly live: LiveConnections
  /** `veth+`. */
  readonly podInterfaces: string
  /** Pods of this node. */
  readonly local: PodMembers
  readonly sets: SetBook
}

/** What the kernel has to be told. Hooks go before the chains they lead to, and come after them. */
export interface RulesChange {
  readonly unhook: readonly Hook[]
  readonly batches: readonly RestoreBatch[]
  readonly hook: readonly Hook[]
}

type Gates = Readonly<Record<keyof typeof GATES, CountedSet>>

const DIRECTIONS: readonly Direction[] = ['egress', 'ingress']
const CLUSTER_TIERS: readonly ClusterTier[] = ['Admin', 'Baseline']

export class PolicyRules {
  readonly #options: PolicyRulesOptions
  readonly #lanes: readonly Lane[]
  readonly #table = new PolicyTable()
  readonly #units = new Map<string, PolicyUnit>()
  readonly #writers: Readonly<Record<Family, ChainWriter>> = {
    ipv4: new ChainWriter('ipv4'),
    ipv6: new ChainWriter('ipv6'),
  }
  #gates: Gates | undefined
  #hooks: readonly Hook[] = []
  /** Whether what stands was written for traffic of pods to their own node, too; undefined: nothing stands. */
  #input: boolean | undefined

  constructor(options: PolicyRulesOptions) {
    this.#options = options
    this.#lanes = LANES[options.live]
  }

  /** Chains of one family. */
  get size(): number {
    return this.#writers.ipv4.size
  }

  /** New plans are there before old ones go: what both need stays. */
  replace(gone: readonly PolicyUnit[], come: readonly PolicyPlan[]): PolicyUnit[] {
    const namespaces = DIRECTIONS.map((direction) => new Set(this.#table.namespaces[direction].keys()))
    const units = come.map((plan) => this.#begin(plan))
    for (const unit of gone) this.#end(unit)
    if (this.#units.size === 0) {
      this.#takeDown()
      return units
    }
    const input = this.#table.hasCluster('egress') || this.#ownNodePoliced
    const first = this.#input === undefined
    if (input !== this.#input) this.#writeFixed(input)
    this.#writeDispatch([...gone, ...units].map(({ plan }) => plan))
    for (const [index, direction] of DIRECTIONS.entries()) {
      const now = this.#table.namespaces[direction]
      const before = namespaces[index]!
      const same = before.size === now.size && [...now.keys()].every((name) => before.has(name))
      if (first || !same || (direction === 'egress' && input !== this.#input))
        this.#writeNamespaces(direction, input)
      if (first) for (const tier of CLUSTER_TIERS) this.#writeTier(direction, tier)
    }
    this.#input = input
    return units
  }

  /** What has changed since the last call, which counts as done. */
  takeChange(): RulesChange {
    const { placement } = this.#options
    const wanted = this.#input === undefined ? [] : hooks({ placement, input: this.#input })
    const unhook = this.#hooks.filter((hook) => !wanted.includes(hook))
    const hook = wanted.filter((each) => !this.#hooks.includes(each))
    this.#hooks = wanted
    const batches = placement.families.flatMap((family) => this.#writers[family].take() ?? [])
    return { unhook, batches, hook }
  }

  get #ownNodePoliced(): boolean {
    return this.#options.placement.ownNode === 'policed'
  }

  #begin(plan: PolicyPlan): PolicyUnit {
    const { local, sets } = this.#options
    const unit = new PolicyUnit(plan, this.#lanes, local, this.#unionsOf(plan))
    for (const spec of unit.sets) sets.use(spec)
    this.#units.set(unit.key, unit)
    for (const family of FAMILIES)
      for (const { name, rules } of unit.chains) this.#writers[family].write(name, rules[family])
    this.#table.add(unit)
    return unit
  }

  #end(unit: PolicyUnit): void {
    unit.stop()
    for (const spec of unit.sets) this.#options.sets.unuse(spec)
    // A policy that moved to another tier is not where it was.
    this.#table.delete(unit)
    // Another one of its name may stand in its place.
    if (this.#units.get(unit.key) !== unit) return
    this.#units.delete(unit.key)
    for (const family of FAMILIES) for (const { name } of unit.chains) this.#writers[family].delete(name)
  }

  /** The sets that hold the subjects of several policies, the plan's among them. */
  #unionsOf({ direction, tier, namespace = '' }: PolicyPlan): CountedSet[] {
    const { sets } = this.#options
    this.#gates ??= {
      egress: sets.own(GATES.egress),
      ingress: sets.own(GATES.ingress),
      nodeEgress: sets.own(GATES.nodeEgress),
    }
    const toOwnNode = direction === 'egress' && (tier !== 'NetworkPolicy' || this.#ownNodePoliced)
    const unions = [this.#gates[direction], ...(toOwnNode ? [this.#gates.nodeEgress] : [])]
    if (tier !== 'NetworkPolicy') return unions
    const namespaces = this.#table.namespaces[direction]
    let there = namespaces.get(namespace)
    if (there === undefined) {
      there = { isolated: sets.own(isolatedSet(direction, namespace)), units: new Map() }
      namespaces.set(namespace, there)
    }
    return [...unions, there.isolated]
  }

  #writeFixed(input: boolean): void {
    const { placement, live, podInterfaces } = this.#options
    for (const family of FAMILIES) {
      const chains = fixedChains({ family, live, placement, podInterfaces, input })
      for (const [chain, rules] of chains) this.#writers[family].write(chain, rules)
      if (!input) this.#writers[family].delete(INPUT)
    }
  }

  /** The chains that lead to policies that came, went or changed. */
  #writeDispatch(touched: readonly PolicyPlan[]): void {
    const seen = new Set<string>()
    for (const { direction, tier, namespace = '' } of touched) {
      const id = `${direction} ${tier} ${namespace}`
      if (seen.has(id)) continue
      seen.add(id)
      if (tier === 'NetworkPolicy') this.#writeNamespace(direction, namespace)
      else this.#writeTier(direction, tier)
    }
  }

  #writeNamespace(direction: Direction, namespace: string): void {
    const units = this.#table.namespace(direction, namespace)
    if (units.length === 0) this.#dropNamespace(direction, namespace)
    this.#eachLane((writer, family, lane, index) => {
      const chain = namespaceChain(direction, namespace, lane.flow)
      if (units.length === 0) writer.delete(chain)
      else writer.write(chain, namespaceRules(direction, jumpsOf(units, index, family), lane))
    })
  }

  #dropNamespace(direction: Direction, namespace: string): void {
    const there = this.#table.namespaces[direction].get(namespace)
    if (there === undefined) return
    this.#table.namespaces[direction].delete(namespace)
    this.#options.sets.disown(there.isolated)
  }

  #writeNamespaces(direction: Direction, input: boolean): void {
    const namespaces = [...this.#table.namespaces[direction].keys()]
    const exempt = direction === 'egress' && input && !this.#ownNodePoliced
    this.#eachLane((writer, family, lane) => {
      const rules = namespacesRules(direction, family, namespaces, lane, exempt)
      writer.write(tierChain(direction, 'NetworkPolicy', lane.flow), rules)
    })
  }

  #writeTier(direction: Direction, tier: ClusterTier): void {
    const units = this.#table.tier(direction, tier)
    this.#eachLane((writer, family, lane, index) => {
      const rules = tierRules(direction, tier, family, jumpsOf(units, index, family), lane)
      writer.write(tierChain(direction, tier, lane.flow), rules)
    })
  }

  #eachLane(write: (writer: ChainWriter, family: Family, lane: Lane, index: number) => void): void {
    for (const family of FAMILIES)
      for (const [index, lane] of this.#lanes.entries()) write(this.#writers[family], family, lane, index)
  }

  /** The last policy is gone. */
  #takeDown(): void {
    const { sets } = this.#options
    for (const direction of DIRECTIONS)
      for (const namespace of this.#table.namespaces[direction].keys())
        this.#dropNamespace(direction, namespace)
    for (const gate of Object.values(this.#gates ?? {})) sets.disown(gate)
    this.#gates = undefined
    this.#input = undefined
    for (const family of FAMILIES) this.#writers[family].deleteAll()
  }
}

/** The lines that lead to the policies, of one lane. */
function jumpsOf(units: readonly PolicyUnit[], lane: number, family: Family): Rule[] {
  return units.map(({ chains }) => chains[lane]!.jump[family])
}
