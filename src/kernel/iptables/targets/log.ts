/** LOG and NFLOG (extensions/libxt_LOG.c, libxt_NFLOG.c). Their options are kept as the text that is printed. */
import { Problem } from '../../problem.ts'
import { defineTarget, type Extension, type Option } from '../extension.ts'
import { parseUint } from '../numbers.ts'
import { quoteText } from '../words.ts'

/** Each option's printed text under its name; printing goes by the order of the names. */
type Draft = Record<string, string>

const LEVELS = new Map([
  ['alert', 1],
  ['crit', 2],
  ['debug', 7],
  ['emerg', 0],
  ['error', 3],
  ['err', 3],
  ['info', 6],
  ['notice', 5],
  ['panic', 0],
  ['warning', 4],
])
const DEFAULT_LEVEL = 4

function logLevel(text: string): number {
  const number = parseUint(text, 7)
  const wanted = text.toLowerCase()
  const level = number ?? LEVELS.get(wanted) ?? [...LEVELS].find(([name]) => name.startsWith(wanted))?.[1]
  if (level === undefined) throw new Problem(`log-level "${text}" unknown`, { field: text })
  return level
}

function prefix(text: string, max: number, option: string): string {
  if (text.length > max) throw new Problem(`Maximum prefix length ${max} for ${option}`, { field: text })
  if (text.includes('\n')) throw new Problem(`Newlines not allowed in ${option}`, { field: text })
  return ` ${option} ${quoteText(text)}`
}

const textOption = (name: string, read: (text: string, option: string) => string): Option<Draft> => ({
  names: [name],
  read: ([text], { option }) => ({ [name]: read(text!, option) }),
})
const flagOption = (name: string): Option<Draft> => ({
  names: [name],
  arity: 0,
  read: () => ({ [name]: ` --${name}` }),
})

const number = (text: string, option: string, max: number): number => {
  const value = parseUint(text, max)
  if (value === undefined)
    throw new Problem(`bad value for option "${option}", or out of range`, { field: text })
  return value
}

const U32 = 0xffffffff

const LOG_OPTIONS: readonly Option<Draft>[] = [
  textOption('log-prefix', (text, option) => prefix(text, 29, option)),
  textOption('log-level', (text, option) => {
    const level = logLevel(text)
    return level === DEFAULT_LEVEL ? '' : ` ${option} ${level}`
  }),
  flagOption('log-tcp-sequence'),
  flagOption('log-tcp-options'),
  flagOption('log-ip-options'),
  flagOption('log-uid'),
  flagOption('log-macdecode'),
]

const NFLOG_OPTIONS: readonly Option<Draft>[] = [
  textOption('nflog-prefix', (text, option) => prefix(text, 63, option)),
  textOption('nflog-group', (text, option) => {
    const group = number(text, option, 65535)
    return group === 0 ? '' : ` ${option} ${group}`
  }),
  textOption('nflog-size', (text, option) => ` ${option} ${number(text, option, U32)}`),
  textOption('nflog-range', (text, option) => {
    const range = number(text, option, U32)
    return range === 0 ? '' : ` ${option} ${range}`
  }),
  textOption('nflog-threshold', (text, option) => {
    const threshold = number(text, option, 65535)
    return threshold === 1 || threshold === 0 ? '' : ` ${option} ${threshold}`
  }),
]

function logTarget(kind: 'LOG' | 'NFLOG', options: readonly Option<Draft>[]): Extension {
  return defineTarget({
    kind,
    options: options as unknown as readonly Option<{ kind: typeof kind; options: string }>[],
    finish: (soFar) => {
      const draft = soFar as Draft
      return {
        kind,
        options: options
          .map(({ names }) => draft[names[0]!] ?? '')
          .join('')
          .trimStart(),
      }
    },
    print: ({ options: text }) => (text === '' ? '' : ` ${text}`),
  })
}

export const log = logTarget('LOG', LOG_OPTIONS)
export const nflog = logTarget('NFLOG', NFLOG_OPTIONS)
