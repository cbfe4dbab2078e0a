/** Runs the commands of a lab script: finds the tool, the namespace and the place of an error. */
import type { Engine } from '../engine/engine.ts'
import { Problem } from '../kernel/problem.ts'
import { tokenize, type Command, type Word } from './script/tokenize.ts'
import { conntrack } from './tools/conntrack.ts'
import { ip } from './tools/ip.ts'
import { ipset } from './tools/ipset.ts'
import { iptables, iptablesRestore, iptablesSave } from './tools/iptables.ts'
import { nfacct } from './tools/nfacct.ts'
import { sysctl } from './tools/sysctl.ts'
import { ROOT_NETNS, type Context, type Tool } from './tools/tool.ts'

const TOOLS: ReadonlyMap<string, Tool> = new Map([
  ['ip', ip],
  ['sysctl', sysctl],
  ['ipset', ipset],
  ['conntrack', conntrack],
  ['nfacct', nfacct],
  ...['', '-legacy'].flatMap((variant): [string, Tool][] => [
    [`iptables${variant}`, iptables('ipv4')],
    [`ip6tables${variant}`, iptables('ipv6')],
    [`iptables${variant}-restore`, iptablesRestore('ipv4')],
    [`ip6tables${variant}-restore`, iptablesRestore('ipv6')],
    [`iptables${variant}-save`, iptablesSave('ipv4')],
    [`ip6tables${variant}-save`, iptablesSave('ipv6')],
  ]),
])

export interface ShellOptions {
  readonly engine: Engine
  readonly readFile: (path: string) => string
  readonly out: (text: string) => void
  readonly note: (text: string) => void
}

/** Runs every command; throws the Problem of the first that fails, with the script's line. What ran before stands. */
export function runScript(script: string, file: string, options: ShellOptions): void {
  for (const command of tokenize(script, file)) runCommand(command, file, options)
}

function runCommand({ words, stdin, line }: Command, file: string, options: ShellOptions): void {
  try {
    const input = stdin === undefined ? undefined : { file: stdin.text, text: readInput(stdin, options) }
    execute(
      ROOT_NETNS,
      words.map(({ text }) => text),
      input,
      options,
    )
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { place, reason } = error
    // A Problem inside a file that the command reads has its own place.
    if (place.file !== undefined && place.file !== file) throw error
    throw new Problem(reason, {
      ...place,
      file,
      line: lineOf([...words, ...(stdin === undefined ? [] : [stdin])], place.field) ?? line,
    })
  }
}

/** Standard input from a file; one that cannot be read is a mistake of the script, at its line. */
function readInput({ text: path }: Word, { readFile }: ShellOptions): string {
  try {
    return readFile(path)
  } catch (error) {
    throw error instanceof Problem ? new Problem(error.reason, { field: path }) : error
  }
}

/** A command may be spread over lines: the line of the word at fault is the better place. */
function lineOf(words: Command['words'], field: string | undefined): number | undefined {
  return field === undefined ? undefined : words.find(({ text }) => text === field)?.line
}

function execute(
  netns: string,
  words: readonly string[],
  stdin: Context['stdin'],
  options: ShellOptions,
): void {
  const [name = '', ...rest] = words
  const tool = TOOLS.get(name)
  if (tool === undefined) {
    throw new Problem(
      `"${name}" is not a command of lab scripts (expected ${[...TOOLS.keys()].slice(0, 6).join(', ')}, …)`,
      {
        field: name,
      },
    )
  }
  const context: Context = {
    ...options,
    netns,
    exec: (inside, command) => execute(inside, command, stdin, options),
    ...(stdin !== undefined && { stdin }),
  }
  tool(context, rest)
}
