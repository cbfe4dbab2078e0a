/** Rulesets from iptables-save text, for tests. */
import { parseIptablesSave } from '../../../src/kernel/iptables/index.ts'
import type { Family, Ruleset, TableName } from '../../../src/kernel/ruleset.ts'

/** A ruleset of one table: chain lines (`:FORWARD DROP`) and rule lines as iptables-save writes them. */
export function rulesetOf(family: Family, table: TableName, lines: string): Ruleset {
  return parseIptablesSave(`*${table}\n${lines.trim()}\nCOMMIT\n`, family)
}
