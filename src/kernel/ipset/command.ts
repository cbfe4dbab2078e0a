/** `ipset` command lines, and the lines of `ipset restore`: the same language (ipset's lib/ipset.c). */
import type { SetHeader } from '../ipset.ts'
import { placed, Problem } from '../problem.ts'
import { splitWords } from '../iptables/words.ts'
import { MAX_BUCKETSIZE, withDefaults } from './defaults.ts'
import { isHash, setType } from './types.ts'

export interface EntryOptions {
  readonly timeout?: number
  readonly packets?: number
  readonly bytes?: number
  readonly comment?: string
  readonly nomatch?: boolean
  /** list:set: where the member goes. */
  readonly before?: string
  readonly after?: string
}

export type IpsetCommand = { readonly line?: number; readonly exist?: boolean } & (
  | { readonly kind: 'create'; readonly header: SetHeader }
  | {
      readonly kind: 'add' | 'del' | 'test'
      readonly set: string
      readonly element: string
      readonly options: EntryOptions
    }
  | { readonly kind: 'destroy' | 'flush'; readonly set?: string }
  | { readonly kind: 'swap' | 'rename'; readonly set: string; readonly other: string }
  | { readonly kind: 'save'; readonly set?: string; readonly sorted?: boolean }
  | {
      readonly kind: 'list'
      readonly set?: string
      readonly names?: boolean
      readonly terse?: boolean
      readonly sorted?: boolean
    }
  /** Standard input follows. */
  | { readonly kind: 'restore' }
)

const VERBS: Readonly<Record<string, IpsetCommand['kind']>> = {
  create: 'create',
  n: 'create',
  '-N': 'create',
  add: 'add',
  '-A': 'add',
  del: 'del',
  '-D': 'del',
  test: 'test',
  '-T': 'test',
  destroy: 'destroy',
  x: 'destroy',
  '-X': 'destroy',
  list: 'list',
  '-L': 'list',
  save: 'save',
  '-S': 'save',
  restore: 'restore',
  '-R': 'restore',
  flush: 'flush',
  '-F': 'flush',
  rename: 'rename',
  e: 'rename',
  '-E': 'rename',
  swap: 'swap',
  w: 'swap',
  '-W': 'swap',
}

/** The arguments after the word `ipset`. */
export function parseIpsetCommand(words: readonly string[]): IpsetCommand {
  const flags = { exist: false, sorted: false, names: false, terse: false }
  const rest: string[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (word === '-exist' || word === '-!' || word === '--exist') flags.exist = true
    else if (word === '-sorted' || word === '-s') flags.sorted = true
    else if (word === '-name' || word === '-n') flags.names = true
    else if (word === '-terse' || word === '-t') flags.terse = true
    else if (word === '-quiet' || word === '-q' || word === '-resolve' || word === '-r') continue
    else if (word === '-output' || word === '-o') {
      const format = words[++i]
      if (format === 'save') flags.sorted ||= false
      else if (format !== 'plain')
        throw new Problem(`output format \`${format}' is not known here`, { field: format ?? '-o' })
    } else rest.push(word)
  }
  const [verb, ...args] = rest
  if (verb === undefined) throw new Problem('No command specified.', { field: 'ipset' })
  const kind = VERBS[verb]
  if (!kind) throw new Problem(`No command specified: unknown argument ${verb}`, { field: verb })
  const command = parseArguments(kind, args)
  return {
    ...command,
    ...(flags.exist && { exist: true }),
    ...(flags.sorted && (kind === 'save' || kind === 'list') && { sorted: true }),
    ...(flags.names && kind === 'list' && { names: true }),
    ...(flags.terse && kind === 'list' && { terse: true }),
  } as IpsetCommand
}

/** The input of `ipset restore`, which is the output of `ipset save`. */
export function parseIpsetRestore(text: string, file?: string): IpsetCommand[] {
  return text.split('\n').flatMap((line, i) => {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#') || trimmed === 'COMMIT') return []
    const place = { ...(file !== undefined && { file }), line: i + 1 }
    return [{ ...placed(place, () => parseIpsetCommand(splitWords(trimmed))), line: i + 1 }]
  })
}

function parseArguments(kind: IpsetCommand['kind'], args: readonly string[]): IpsetCommand {
  const [first, second] = args
  const most = (count: number): void => {
    if (args.length > count) throw new Problem(`Unknown argument ${args[count]}`, { field: args[count]! })
  }
  switch (kind) {
    case 'create':
      return { kind, header: parseCreate(args) }
    case 'add':
    case 'del':
    case 'test':
      if (first === undefined)
        throw new Problem(`Missing mandatory argument to command ${kind}`, { field: kind })
      if (second === undefined)
        throw new Problem(`Missing second mandatory argument to command ${kind}`, { field: first })
      return { kind, set: first, element: second, options: parseEntryOptions(args.slice(2)) }
    case 'swap':
    case 'rename':
      most(2)
      if (first === undefined || second === undefined)
        throw new Problem(
          `Missing ${first === undefined ? '' : 'second '}mandatory argument to command ${kind}`,
          {
            field: kind,
          },
        )
      return { kind, set: checkName(first), other: checkName(second) }
    case 'restore':
      most(0)
      return { kind }
    case 'destroy':
    case 'flush':
    case 'save':
    case 'list':
      most(1)
      return { kind, ...(first !== undefined && { set: first }) }
    default:
      return kind satisfies never
  }
}

const MAX_NAME = 31

function checkName(name: string): string {
  if (name === '') throw new Problem('setname is empty', { field: name })
  if (name.length > MAX_NAME)
    throw new Problem(`setname '${name}' is longer than ${MAX_NAME} characters`, { field: name })
  return name
}

const MAX_TIMEOUT = 2_147_483
const U32 = 0xffffffff

function number(text: string | undefined, option: string, max: number): number {
  if (text === undefined)
    throw new Problem(`Missing mandatory argument of option \`${option}'`, { field: option })
  if (!/^(?:\d+|0x[0-9a-fA-F]+)$/.test(text))
    throw new Problem(`'${text}' is invalid as number`, { field: text })
  const value = Number(text)
  if (value > max) throw new Problem(`'${text}' is out of range 0-${max}`, { field: text })
  return value
}

const unknown = (word: string): Problem => new Problem(`Unknown argument: \`${word}'`, { field: word })

function parseCreate(args: readonly string[]): SetHeader {
  const [name, typeName] = args
  if (name === undefined || typeName === undefined)
    throw new Problem(`Missing ${name === undefined ? '' : 'second '}mandatory argument to command create`, {
      field: 'create',
    })
  const type = setType(typeName)
  if (!type) throw new Problem(`typename '${typeName}' is unknown`, { field: typeName })
  let header: SetHeader = { name: checkName(name), type }
  for (let i = 2; i < args.length; i++) {
    const option = args[i]!
    const value = (max: number): number => number(args[++i], option, max)
    const more = createOption(option, header, value, () => args[++i])
    header = { ...header, ...more }
  }
  return withDefaults(header)
}

function createOption(
  option: string,
  header: SetHeader,
  value: (max: number) => number,
  word: () => string | undefined,
): Partial<SetHeader> {
  switch (option) {
    case 'timeout':
      return { timeout: value(MAX_TIMEOUT) }
    case 'counters':
      return { counters: true }
    case 'comment':
      return { comment: true }
    case 'family': {
      if (!isHash(header)) throw unknown(option)
      const text = word()
      if (text !== 'inet' && text !== 'inet6' && text !== '-4' && text !== '-6')
        throw new Problem(`unknown inet family ${text}`, { field: text ?? option })
      return { family: text === 'inet' || text === '-4' ? 'ipv4' : 'ipv6' }
    }
    case 'hashsize':
      if (!isHash(header)) throw unknown(option)
      return { hashsize: hashSize(value(U32)) }
    case 'maxelem':
      if (!isHash(header)) throw unknown(option)
      return { maxelem: value(U32) }
    case 'bucketsize':
      if (!isHash(header)) throw unknown(option)
      return { bucketsize: bucketSize(value(255)) }
    case 'initval':
      if (!isHash(header)) throw unknown(option)
      return { initval: value(U32) }
    case 'size':
      if (header.type !== 'list:set') throw unknown(option)
      return { size: value(U32) }
    case 'range': {
      if (header.type !== 'bitmap:port') throw unknown(option)
      const text = word()
      const ends = /^(\d+)-(\d+)$/.exec(text ?? '')
      const [a, b] = [number(ends?.[1] ?? text, option, 65_535), number(ends?.[2] ?? text, option, 65_535)]
      return { range: { from: Math.min(a, b), to: Math.max(a, b) } }
    }
    default:
      throw unknown(option)
  }
}

/** A power of two, 64 at least. */
const hashSize = (asked: number): number => 2 ** Math.max(6, Math.ceil(Math.log2(Math.max(1, asked))))

/** Even numbers from 2 to 12 (AHASH_INIT_SIZE, AHASH_MAX_SIZE). */
const bucketSize = (asked: number): number => Math.min(MAX_BUCKETSIZE, Math.max(2, asked + (asked & 1)))

function parseEntryOptions(args: readonly string[]): EntryOptions {
  let options: EntryOptions = {}
  for (let i = 0; i < args.length; i++) {
    const option = args[i]!
    switch (option) {
      case 'timeout':
        options = { ...options, timeout: number(args[++i], option, MAX_TIMEOUT) }
        break
      case 'packets':
      case 'bytes':
        options = { ...options, [option]: number(args[++i], option, Number.MAX_SAFE_INTEGER) }
        break
      case 'comment':
        options = { ...options, comment: checkComment(args[++i]) }
        break
      case 'nomatch':
        options = { ...options, nomatch: true }
        break
      case 'before':
      case 'after': {
        const set = args[++i]
        if (set === undefined)
          throw new Problem(`Missing mandatory argument of option \`${option}'`, { field: option })
        options = { ...options, [option]: set }
        break
      }
      default:
        throw unknown(option)
    }
  }
  return options
}

const MAX_COMMENT = 255

function checkComment(text: string | undefined): string {
  if (text === undefined)
    throw new Problem("Missing mandatory argument of option `comment'", { field: 'comment' })
  if (text.includes('"')) throw new Problem('" character is not permitted in comments', { field: text })
  if (text.length > MAX_COMMENT)
    throw new Problem(`Comment is longer than the maximum allowed ${MAX_COMMENT} characters`, { field: text })
  return text
}
