import type { Match, Target } from '../../kernel/ruleset.ts'

/** Names of a rule as addresses and ids in the engine. Each throws a Problem for a name that does not exist. */
export interface Resolver {
  chain(name: string): number
  /** Address of the set's slot, which a swap does not move; `dimensions` is how many the rule gives. */
  set(name: string, dimensions: number): number
  recent(match: Extract<Match, { kind: 'recent' }>): number
  nfacct(name: string): number
  /** Address of a conntrack template for a CT target with a zone. */
  template(target: Extract<Target, { kind: 'CT' }>): number
}
