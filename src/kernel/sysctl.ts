/** Kernel parameters by name: `net.ipv4.ip_forward` = `1` (procps sysctl). */
import { Problem } from './problem.ts'

export interface Sysctl {
  /** With dots; a dot inside a component (an interface `eth0.5`) is written `/`. */
  readonly key: string
  readonly value: string
}

export interface SysctlCommand {
  readonly assignments: readonly Sysctl[]
  /** Keys to be printed. */
  readonly reads: readonly string[]
}

/** The arguments after the word `sysctl`: `-w` and `-q` are taken, keys and `KEY=VALUE` pairs. */
export function parseSysctlCommand(words: readonly string[]): SysctlCommand {
  const assignments: Sysctl[] = []
  const reads: string[] = []
  let write = false
  for (const word of words) {
    if (word === '-w' || word === '--write') write = true
    else if (word === '-q' || word === '--quiet' || word === '-e' || word === '--ignore') continue
    else if (word.startsWith('-')) throw new Problem(`unknown option "${word}"`, { field: word })
    else if (word.includes('=')) assignments.push(parseAssignment(word))
    else reads.push(sysctlKey(word))
  }
  if (write && (assignments.length === 0 || reads.length > 0))
    throw new Problem('"sysctl -w" must be followed by KEY=VALUE', { field: reads[0] ?? '-w' })
  if (assignments.length === 0 && reads.length === 0)
    throw new Problem('no variables specified', { field: 'sysctl' })
  return { assignments, reads }
}

function parseAssignment(text: string): Sysctl {
  const at = text.indexOf('=')
  return { key: sysctlKey(text.slice(0, at).trim()), value: text.slice(at + 1).trim() }
}

/** Dots or slashes separate; whichever comes first is the separator, as in procps. */
export function sysctlKey(text: string): string {
  if (!/^[a-z][\w.:/-]*$/.test(text) || text.endsWith('.') || text.endsWith('/'))
    throw new Problem(`malformed setting name "${text}"`, { field: text })
  const separator = /[./]/.exec(text)?.[0]
  if (separator !== '/') return text
  return text.replaceAll(/[./]/g, (char) => (char === '/' ? '.' : '/'))
}

/** Lines `key = value` of a configuration file or of `sysctl -a`. */
export function parseSysctls(text: string, file?: string): Sysctl[] {
  return text.split('\n').flatMap((raw, i) => {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) return []
    if (!line.includes('='))
      throw new Problem('a setting is `KEY = VALUE`', {
        ...(file !== undefined && { file }),
        line: i + 1,
        field: line,
      })
    return [parseAssignment(line.startsWith('-') ? line.slice(1) : line)]
  })
}

export const printSysctl = ({ key, value }: Sysctl): string =>
  `sysctl -w ${key}=${/\s/.test(value) ? `'${value}'` : value}`
