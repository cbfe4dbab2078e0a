import type { TableName } from '../../src/kernel/ruleset.ts'

export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING'

/** Where a rule stands: what it may hold depends on the table and on the hooks from which its chain is reached. */
export interface Place {
  readonly table: TableName
  readonly hooks: readonly Hook[]
  /** User chains it may jump to. */
  readonly jumps: readonly string[]
  /** True in a user chain: conditions on hooks are then left out, as the kernel checks every way in. */
  readonly user: boolean
}

export const HOOKS: Readonly<Record<TableName, readonly Hook[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
}

export function only(place: Place, ...hooks: readonly Hook[]): boolean {
  return place.hooks.every((hook) => hooks.includes(hook))
}
