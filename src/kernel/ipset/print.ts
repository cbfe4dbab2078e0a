/** `ipset save` and `ipset list`, as ipset 7.17 prints them. */
import type { IpSet, IpSets, SetEntry, SetHeader, SetsChange } from '../ipset.ts'
import { printElement } from './element.ts'
import { SET_TYPES } from './types.ts'

export interface PrintSetsOptions {
  /** This set only. */
  readonly set?: string
  /** Members by text instead of by age: for comparisons. */
  readonly sorted?: boolean
}

/** What `ipset save` prints: sets in order of age, lists of sets last. */
export function printIpsetSave(sets: IpSets, options: PrintSetsOptions = {}): string {
  return chosen(sets, options)
    .flatMap((set) => [
      `create ${set.name} ${set.type} ${describe(set)}`,
      ...members(set, options).map((text) => `add ${set.name} ${text}`),
    ])
    .map((line) => `${line}\n`)
    .join('')
}

/**
 * A change in the lines that `ipset -exist restore` reads. `headerOf` gives the header of a set that is there already.
 */
export function printSetsChange(change: SetsChange, headerOf: (set: string) => SetHeader): string {
  const made = new Map((change.create ?? []).map((set) => [set.name, set]))
  const header = (name: string): SetHeader => made.get(name) ?? headerOf(name)
  const lines = [
    printIpsetSave(made),
    ...[...(change.delete ?? [])].flatMap(([name, elements]) =>
      elements.map((element) => `del ${name} ${printElement(element, header(name))}\n`),
    ),
    ...[...(change.add ?? [])].flatMap(([name, entries]) =>
      entries.map((entry) => {
        return `add ${name} ${printElement(entry.element, header(name))}${printEntryOptions(entry)}\n`
      }),
    ),
    ...(change.destroy ?? []).map((name) => `destroy ${name}\n`),
  ]
  return lines.join('')
}

export interface ListOptions extends PrintSetsOptions {
  /** `-n`. */
  readonly names?: boolean
  /** `-t`: headers only. */
  readonly terse?: boolean
  /** How many rules and lists name the set. */
  readonly references?: (set: string) => number
  /** Bytes the set takes where it is loaded; the line is left out when nobody knows. */
  readonly memory?: (set: string) => number
}

export function printIpsetList(sets: IpSets, options: ListOptions = {}): string {
  const { names = false, terse = false, memory } = options
  const all = chosen(sets, options)
  if (names) return all.map(({ name }) => `${name}\n`).join('')
  return all
    .map((set) => {
      const lists = [...sets.values()].filter(
        ({ type, entries }) => type === 'list:set' && entries.has(set.name),
      )
      const lines = [
        `Name: ${set.name}`,
        `Type: ${set.type}`,
        `Revision: ${SET_TYPES[set.type].revision}`,
        `Header: ${describe(set)}`,
        ...(memory ? [`Size in memory: ${memory(set.name)}`] : []),
        `References: ${lists.length + (options.references?.(set.name) ?? 0)}`,
        `Number of entries: ${set.entries.size}`,
        ...(terse ? [] : ['Members:', ...members(set, options)]),
      ]
      return lines.map((line) => `${line}\n`).join('')
    })
    .join('\n')
}

function chosen(sets: IpSets, { set: only }: PrintSetsOptions): IpSet[] {
  const all = [...sets.values()].filter(({ name }) => only === undefined || name === only)
  return [...all.filter(({ type }) => type !== 'list:set'), ...all.filter(({ type }) => type === 'list:set')]
}

/** The options of `create`. */
function describe(header: SetHeader): string {
  const { type, family, hashsize, maxelem, bucketsize, initval, range, size, timeout, counters, comment } =
    header
  const own =
    type === 'bitmap:port'
      ? [`range ${range!.from}-${range!.to}`]
      : type === 'list:set'
        ? [`size ${size}`]
        : [`family ${family === 'ipv6' ? 'inet6' : 'inet'}`, `hashsize ${hashsize}`, `maxelem ${maxelem}`]
  return [
    ...own,
    ...(timeout === undefined ? [] : [`timeout ${timeout}`]),
    ...(counters ? ['counters'] : []),
    ...(comment ? ['comment'] : []),
    ...(bucketsize === undefined ? [] : [`bucketsize ${bucketsize}`]),
    ...(initval === undefined ? [] : [`initval 0x${initval.toString(16).padStart(8, '0')}`]),
  ].join(' ')
}

function members(set: IpSet, { sorted = false }: PrintSetsOptions): string[] {
  const lines = [...set.entries].map(([text, entry]) => text + printEntryOptions(entry))
  if (sorted && set.type !== 'list:set') lines.sort()
  return lines
}

function printEntryOptions({ timeout, nomatch, packets, bytes, comment }: SetEntry): string {
  return (
    (timeout === undefined ? '' : ` timeout ${timeout}`) +
    (nomatch ? ' nomatch' : '') +
    (packets === undefined ? '' : ` packets ${packets} bytes ${bytes ?? 0}`) +
    (comment === undefined ? '' : ` comment "${comment}"`)
  )
}
