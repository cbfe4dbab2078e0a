/** Which built-in chains a table has, and what they are to the kernel. */
import * as V from '../../abi/verdict.ts'
import type { TableName } from '../../kernel/ruleset.ts'

export const TABLE_NUMBERS: Readonly<Record<TableName, number>> = {
  raw: V.TABLE_RAW,
  mangle: V.TABLE_MANGLE,
  nat: V.TABLE_NAT,
  filter: V.TABLE_FILTER,
  security: V.TABLE_SECURITY,
}

const HOOKS: ReadonlyMap<string, number> = new Map([
  ['PREROUTING', V.NF_INET_PRE_ROUTING],
  ['INPUT', V.NF_INET_LOCAL_IN],
  ['FORWARD', V.NF_INET_FORWARD],
  ['OUTPUT', V.NF_INET_LOCAL_OUT],
  ['POSTROUTING', V.NF_INET_POST_ROUTING],
])

const CHAINS: Readonly<Record<TableName, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
}

/** The hook of a built-in chain of the table; undefined for a name that is not one there. */
export function builtinHook(table: TableName, chain: string): number | undefined {
  // No name of a built-in chain is longer than POSTROUTING.
  return chain.length <= 11 && CHAINS[table].includes(chain) ? HOOKS.get(chain) : undefined
}

export const HOOK_NAMES: readonly string[] = [...HOOKS.keys()]

export const PREROUTING = 1 << V.NF_INET_PRE_ROUTING
export const INPUT = 1 << V.NF_INET_LOCAL_IN
export const FORWARD = 1 << V.NF_INET_FORWARD
export const OUTPUT = 1 << V.NF_INET_LOCAL_OUT
export const POSTROUTING = 1 << V.NF_INET_POST_ROUTING
export const ALL_HOOKS = PREROUTING | INPUT | FORWARD | OUTPUT | POSTROUTING

/** `FORWARD and OUTPUT` of a mask. */
export function hookList(mask: number): string {
  const names = HOOK_NAMES.filter((_, hook) => (mask & (1 << hook)) !== 0)
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
