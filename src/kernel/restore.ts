/**
 * What is fed to iptables-restore, as data: proxies produce it, `applyRestore` executes it on a Ruleset, and
 * `printRestore` writes the text that the real tool reads.
 */
import { printRuleSpec } from './iptables/print.ts'
import type { Counters, Family, Rule, TableName } from './ruleset.ts'

export interface RestoreBatch {
  readonly family: Family
  /** `-n`: chains that are not declared stay as they are. Without it the table is emptied first. */
  readonly noflush: boolean
  /** `-c`: counters of chains and rules are taken; without it they start at zero. */
  readonly counters: boolean
  readonly tables: readonly RestoreTable[]
  /** Where the text came from, for Problems. */
  readonly file?: string
}

export interface RestoreTable {
  readonly name: TableName
  /** `:CHAIN POLICY [p:b]` lines: a user chain is made, or emptied when it is there. */
  readonly chains: readonly RestoreChain[]
  readonly commands: readonly ChainCommand[]
}

export interface RestoreChain {
  readonly name: string
  /** `null` (`-` in text) for a user-defined chain. */
  readonly policy: 'ACCEPT' | 'DROP' | null
  readonly counters?: Counters
  readonly line?: number
}

/** One command on a table; `line` is that of the text, for Problems. Rule numbers count from 1. */
export type ChainCommand = { readonly line?: number } & (
  | { readonly kind: 'append' | 'delete' | 'check'; readonly chain: string; readonly rule: Rule }
  | {
      readonly kind: 'insert' | 'replace'
      readonly chain: string
      readonly number: number
      readonly rule: Rule
    }
  | { readonly kind: 'delete-number'; readonly chain: string; readonly number: number }
  | { readonly kind: 'flush' | 'delete-chain'; readonly chain?: string }
  | { readonly kind: 'zero'; readonly chain?: string; readonly number?: number }
  | { readonly kind: 'new-chain'; readonly chain: string }
  | { readonly kind: 'rename-chain'; readonly chain: string; readonly to: string }
  | {
      readonly kind: 'policy'
      readonly chain: string
      readonly policy: 'ACCEPT' | 'DROP'
      readonly counters?: Counters
    }
  /** A `:CHAIN` line that comes after commands. */
  | { readonly kind: 'declare'; readonly declared: RestoreChain }
)

export const printCounters = ({ packets, bytes }: Counters): string => `[${packets}:${bytes}]`

const ZERO: Counters = { packets: 0, bytes: 0 }

/** The text for iptables-restore, or ip6tables-restore; the flags -n and -c are the caller's to give. */
export function printRestore(batch: RestoreBatch): string {
  const lines: string[] = []
  for (const table of batch.tables) {
    lines.push(`*${table.name}`)
    for (const chain of table.chains) lines.push(printDeclaration(chain))
    for (const command of table.commands) lines.push(printCommand(command, batch))
    lines.push('COMMIT')
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

const printDeclaration = ({ name, policy, counters = ZERO }: RestoreChain): string =>
  `:${name} ${policy ?? '-'} ${printCounters(counters)}`

/** One command as a line of iptables-restore, which is also an iptables command line without `-t TABLE`. */
export function printCommand(command: ChainCommand, batch: { family: Family; counters: boolean }): string {
  const optional = (word: string | number | undefined) => (word === undefined ? '' : ` ${word}`)
  const spec = (rule: Rule) => printRuleSpec(rule, batch.family)
  const counted = (rule: Rule) => (batch.counters ? `${printCounters(rule.counters ?? ZERO)} ` : '')
  switch (command.kind) {
    case 'append':
      return `${counted(command.rule)}-A ${command.chain}${spec(command.rule)}`
    case 'delete':
      return `-D ${command.chain}${spec(command.rule)}`
    case 'check':
      return `-C ${command.chain}${spec(command.rule)}`
    case 'insert':
      return `${counted(command.rule)}-I ${command.chain}${command.number === 1 ? '' : ` ${command.number}`}${spec(command.rule)}`
    case 'replace':
      return `${counted(command.rule)}-R ${command.chain} ${command.number}${spec(command.rule)}`
    case 'delete-number':
      return `-D ${command.chain} ${command.number}`
    case 'flush':
      return `-F${optional(command.chain)}`
    case 'delete-chain':
      return `-X${optional(command.chain)}`
    case 'zero':
      return `-Z${optional(command.chain)}${optional(command.number)}`
    case 'new-chain':
      return `-N ${command.chain}`
    case 'rename-chain':
      return `-E ${command.chain} ${command.to}`
    case 'policy':
      return `-P ${command.chain} ${command.policy}`
    case 'declare':
      return printDeclaration(command.declared)
    default:
      return command satisfies never
  }
}
