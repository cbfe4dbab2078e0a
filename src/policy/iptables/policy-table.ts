/** The policies of a node by where they are asked: tiers in order, and namespaces of NetworkPolicies. */
import type { Direction, Tier } from '../plan/plan.ts'
import type { CountedSet } from './counted-set.ts'
import type { PolicyUnit } from './unit.ts'

export interface NamespaceUnits {
  /** Its pods on this node that any of them selects. */
  readonly isolated: CountedSet
  readonly units: Map<string, PolicyUnit>
}

export type ClusterTier = Exclude<Tier, 'NetworkPolicy'>

export class PolicyTable {
  readonly namespaces: Readonly<Record<Direction, Map<string, NamespaceUnits>>> = {
    egress: new Map(),
    ingress: new Map(),
  }
  readonly #tiers: Readonly<Record<Direction, Record<ClusterTier, Map<string, PolicyUnit>>>> = {
    egress: { Admin: new Map(), Baseline: new Map() },
    ingress: { Admin: new Map(), Baseline: new Map() },
  }

  /** Whether any ClusterNetworkPolicy has rules for a direction. */
  hasCluster(direction: Direction): boolean {
    const { Admin, Baseline } = this.#tiers[direction]
    return Admin.size + Baseline.size > 0
  }

  add(unit: PolicyUnit): void {
    this.#home(unit)?.set(unit.key, unit)
  }

  delete(unit: PolicyUnit): void {
    const home = this.#home(unit)
    if (home?.get(unit.key) === unit) home.delete(unit.key)
  }

  /** Ascending priority; policies of the same one by name. */
  tier(direction: Direction, tier: ClusterTier): PolicyUnit[] {
    return [...this.#tiers[direction][tier].values()].sort(
      (a, b) => a.plan.priority - b.plan.priority || byName(a, b),
    )
  }

  namespace(direction: Direction, namespace: string): PolicyUnit[] {
    return [...(this.namespaces[direction].get(namespace)?.units.values() ?? [])].sort(byName)
  }

  #home({ plan }: PolicyUnit): Map<string, PolicyUnit> | undefined {
    const { direction, tier, namespace = '' } = plan
    return tier === 'NetworkPolicy'
      ? this.namespaces[direction].get(namespace)?.units
      : this.#tiers[direction][tier]
  }
}

function byName(a: PolicyUnit, b: PolicyUnit): number {
  return a.plan.name < b.plan.name ? -1 : a.plan.name > b.plan.name ? 1 : 0
}
