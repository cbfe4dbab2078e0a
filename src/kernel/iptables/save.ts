/**
 * The text of iptables-save and of iptables-restore's input: parsed into a RestoreBatch, or into the Ruleset that it
 * describes, and printed from a Ruleset (iptables/iptables-save.c, iptables/iptables-restore.c).
 */
import { placed, Problem } from '../problem.ts'
import { printCounters, type ChainCommand, type RestoreBatch, type RestoreChain } from '../restore.ts'
import { ZERO_COUNTERS, type Counters, type Family, type Ruleset, type TableName } from '../ruleset.ts'
import { applyRestore } from './apply.ts'
import { parseCommand, tableName } from './command.ts'
import { printRuleSpec } from './print.ts'
import { chainsInOrder } from './tables.ts'
import { splitWords } from './words.ts'

export interface ParseOptions {
  /** Named by Problems. */
  readonly file?: string
}

/** A dump as the Ruleset it describes. Extensions that nobody knows are kept, of kind `unknown`. */
export function parseIptablesSave(text: string, family: Family, { file }: ParseOptions = {}): Ruleset {
  const batch = parse(text, family, { file, noflush: false, counters: true, dump: true })
  return applyRestore({ family, tables: new Map() }, batch, { dump: true })
}

export interface RestoreOptions extends ParseOptions {
  readonly noflush?: boolean
  readonly counters?: boolean
}

/** Standard input of iptables-restore with its flags. */
export function parseRestore(text: string, family: Family, options: RestoreOptions = {}): RestoreBatch {
  const { file, noflush = false, counters = false } = options
  return parse(text, family, { file, noflush, counters, dump: false })
}

interface Mode {
  readonly file: string | undefined
  readonly noflush: boolean
  readonly counters: boolean
  readonly dump: boolean
}

interface OpenTable {
  readonly name: TableName
  readonly chains: RestoreChain[]
  readonly commands: ChainCommand[]
}

function parse(text: string, family: Family, { file, noflush, counters, dump }: Mode): RestoreBatch {
  const tables: OpenTable[] = []
  let open: OpenTable | undefined
  let number = 0
  const start = file === undefined ? {} : { file }
  for (const raw of text.split('\n')) {
    number++
    if (raw === '' || raw.startsWith('#')) continue
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    const at = { ...start, line: number }
    if (line.trim() === '') continue
    if (!open) {
      if (!line.startsWith('*'))
        throw new Problem(`a table (*filter, *nat, …) must come before \`${line.trim()}'`, at)
      const [name] = line.slice(1).trim().split(/\s/)
      open = { name: placed(at, () => tableName(name!)), chains: [], commands: [] }
      tables.push(open)
    } else if (line.trimEnd() === 'COMMIT') {
      open = undefined
    } else if (line.startsWith('*')) {
      throw new Problem(`COMMIT expected before ${line}`, at)
    } else if (line.startsWith(':')) {
      const declared = placed(at, () => parseDeclaration(line, number, counters))
      if (open.commands.length === 0) open.chains.push(declared)
      else open.commands.push({ kind: 'declare', declared, line: number })
    } else {
      const table = open
      placed(at, () => {
        for (const command of parseLine(line, { family, line: number, counters, dump, table: table.name }))
          table.commands.push(command)
      })
    }
  }
  if (open) throw new Problem('COMMIT expected', { ...start, line: number })
  return { family, noflush, counters, tables, ...start }
}

/** `:CHAIN POLICY [packets:bytes]`; the counters may be missing. */
function parseDeclaration(text: string, line: number, counters: boolean): RestoreChain {
  const [name, policy, counts] = text.slice(1).trim().split(/\s+/)
  if (!name || !policy) throw new Problem('a chain is `:NAME POLICY [packets:bytes]`', { field: text })
  if (policy !== '-' && policy !== 'ACCEPT' && policy !== 'DROP')
    throw new Problem(`Can't set policy \`${policy}' on \`${name}': Bad policy name`, { field: policy })
  const parsed = counts === undefined ? undefined : parseCounters(counts)
  return {
    name,
    policy: policy === '-' ? null : policy,
    ...(counters && parsed && { counters: parsed }),
    line,
  }
}

function parseCounters(text: string): Counters {
  const match = /^\[(\d+):(\d+)\]$/.exec(text)
  if (!match) throw new Problem('counters are `[packets:bytes]`', { field: text })
  const [packets, bytes] = [Number(match[1]), Number(match[2])]
  return packets === 0 && bytes === 0 ? ZERO_COUNTERS : { packets, bytes }
}

interface LineOptions {
  readonly family: Family
  readonly line: number
  readonly counters: boolean
  readonly dump: boolean
  readonly table: TableName
}

function parseLine(text: string, { family, line, counters, dump }: LineOptions): readonly ChainCommand[] {
  let rest = text
  let given: Counters | undefined
  if (text.startsWith('[')) {
    const end = text.indexOf(']') + 1
    if (end === 0) throw new Problem('counters are `[packets:bytes]`', { field: text.split(' ')[0]! })
    given = parseCounters(text.slice(0, end))
    rest = text.slice(end)
  }
  const parsed = parseCommand(splitWords(rest), {
    family,
    line,
    dump,
    ...(counters && given && (given.packets > 0 || given.bytes > 0) && { counters: given }),
  })
  if (parsed.table) throw new Problem('The -t option cannot be used in iptables-restore.', { field: '-t' })
  return parsed.onlyFamily === undefined || parsed.onlyFamily === family ? parsed.commands : []
}

export interface PrintOptions {
  /** `-c`: a `[packets:bytes]` before every rule. */
  readonly counters?: boolean
  /** `-t`: this table only. */
  readonly table?: TableName
}

/** What iptables-save prints, but for its comment lines, which name the time and are left out. */
export function printIptablesSave(
  ruleset: Ruleset,
  { counters = false, table: only }: PrintOptions = {},
): string {
  const lines: string[] = []
  for (const table of ruleset.tables.values()) {
    if (only !== undefined && table.name !== only) continue
    const chains = chainsInOrder(table)
    lines.push(`*${table.name}`)
    for (const chain of chains)
      lines.push(`:${chain.name} ${chain.policy ?? '-'} ${printCounters(chain.counters)}`)
    for (const chain of chains)
      for (const rule of chain.rules) {
        const count = counters ? `${printCounters(rule.counters ?? ZERO_COUNTERS)} ` : ''
        lines.push(`${count}-A ${chain.name}${printRuleSpec(rule, ruleset.family)}`)
      }
    lines.push('COMMIT')
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}
