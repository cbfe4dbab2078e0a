/** The node as the policy agent sees it: the tools it runs. A call that fails throws a `Problem` and changes nothing. */
import type { SetsChange } from '../../kernel/ipset.ts'
import type { RestoreBatch } from '../../kernel/restore.ts'
import type { Family, Rule, TableName } from '../../kernel/ruleset.ts'

/** iptables and iptables-restore of one family. */
export interface PolicyTables {
  /** `-C`, then `-I`: puts the rule in front unless the chain has an equal one. False when it had. */
  ensureRule(table: TableName, chain: string, rule: Rule): boolean
  /** `-D`. False when there is none. */
  deleteRule(table: TableName, chain: string, rule: Rule): boolean
  /** `iptables-restore --noflush --counters`. */
  restore(batch: RestoreBatch): void
  /** Everything said is in force. */
  flush(): void
}

export interface PolicyNode {
  /** The Node object's name. */
  readonly name: string
  readonly iptables: Readonly<Record<Family, PolicyTables>>
  readonly sets: { change(change: SetsChange): void }
}
