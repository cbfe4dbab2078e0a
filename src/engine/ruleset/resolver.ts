import { Problem } from '../../kernel/problem.ts'
import type { Family, Match, Target } from '../../kernel/ruleset.ts'
import type { RulesetHost } from './host.ts'
import type { NetnsObjects } from './objects.ts'

/** Names of a rule as addresses and ids in the engine. Each throws a Problem for a name that does not exist. */
export interface Resolver {
  /** Id of the chain that the rule at work jumps or goes to. */
  jump(): number
  /** Address of the set's slot, which a swap does not move; `dimensions` is how many the rule gives. */
  set(name: string, dimensions: number): number
  recent(match: Extract<Match, { kind: 'recent' }>): number
  nfacct(name: string): number
  /** Address of a conntrack template for a CT target with a zone. */
  template(target: Extract<Target, { kind: 'CT' }>): number
}

interface Scope {
  readonly host: RulesetHost
  readonly objects: NetnsObjects
  readonly netns: number
  readonly family: Family
}

export function resolverOf({ host, objects, netns, family }: Scope, jump: Resolver['jump']): Resolver {
  return {
    jump,
    set: (name, dimensions) => {
      const slot = host.setSlot(netns, name)
      if (!slot) throw new Problem(`Set ${name} doesn't exist.`, { field: name })
      if (dimensions < slot.dimensions)
        throw new Problem(`set ${name} has ${slot.dimensions} dimensions, the rule gives ${dimensions}`, {
          field: name,
        })
      return slot.ptr
    },
    recent: (match) => objects.recent(match, family),
    nfacct: (name) => objects.nfacct(name),
    template: (target) => objects.template(target),
  }
}
