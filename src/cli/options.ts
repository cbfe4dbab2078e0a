/** Options that several commands share, and reading them. Mistakes are `Problem`s that name the flag. */
import type { Command } from 'commander'
import { Problem } from '../kernel/problem.ts'
import type { Family } from '../kernel/ruleset.ts'

/** As commander hands them over: text, nothing checked. */
export interface ClusterFlags {
  readonly filename?: readonly string[]
  readonly nodes?: string
  readonly proxyMode?: string
  readonly seed?: string
}

export function clusterOptions(command: Command): Command {
  return command
    .option(
      '-f, --filename <path>',
      'manifests: a YAML or JSON file, a folder, or - for standard input; repeatable',
      (value: string, all: readonly string[] = []) => [...all, value],
    )
    .option('--nodes <n>', 'nodes of the cluster (default: 2)')
    .option('--proxy-mode <mode>', 'iptables (default); ipvs, nftables and ebpf are not built yet')
    .option('--seed <n>', 'seed of every random choice (default: 1)')
}

export function parseCount(text: string | undefined, flag: string, fallback: number, range: Range): number {
  if (text === undefined) return fallback
  const value = /^\d+$/.test(text) ? Number(text) : NaN
  if (!(value >= range.from && value <= range.to)) {
    throw new Problem(`${JSON.stringify(text)} is not a whole number from ${range.from} to ${range.to}`, {
      field: flag,
    })
  }
  return value
}

interface Range {
  readonly from: number
  readonly to: number
}

/** One of `allowed`, or a `Problem` that lists them. */
export function parseChoice<T extends string>(
  text: string | undefined,
  flag: string,
  allowed: readonly T[],
  fallback: T,
): T {
  if (text === undefined) return fallback
  const choice = allowed.find((candidate) => candidate === text)
  if (choice === undefined) {
    throw new Problem(`${JSON.stringify(text)} is not known: expected ${list(allowed)}`, { field: flag })
  }
  return choice
}

export function parseFamily(text: string | undefined): Family {
  return parseChoice<Family>(text, '--family', ['ipv4', 'ipv6'], 'ipv4')
}

function list(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} or ${items.at(-1) ?? ''}`
}

/** `node-1` and `node/node-1` alike. */
export function parseNodeName(text: string): string {
  return text.replace(/^nodes?\//, '')
}

/** What the library calls `from` is `--from` here. */
export function asFlags<T>(action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof Problem) || error.place.field === undefined) throw error
    throw new Problem(error.reason, { ...error.place, field: `--${error.place.field}` })
  }
}
