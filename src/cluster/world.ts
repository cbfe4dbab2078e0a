/** What a packet needs: the engine, what is in it, and the objects that names refer to. */
import type { Engine } from '../engine/index.ts'
import type { Family, Ruleset } from '../kernel/ruleset.ts'
import type { ProxyMode } from './flow.ts'
import type { Network } from './network.ts'
import type { ClusterView } from './view.ts'

export interface World {
  readonly engine: Engine
  readonly network: Network
  readonly view: ClusterView
  readonly proxyMode: ProxyMode
  /** The rules of a namespace as they were loaded; `undefined` where there are none. */
  rulesetOf(netns: string, family: Family): Ruleset | undefined
}
