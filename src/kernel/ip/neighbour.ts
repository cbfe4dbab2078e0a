/** `ip neighbour`: static entries, the only ones that a model holds. */
import type { Neighbour } from '../net.ts'
import { Problem } from '../problem.ts'
import type { Family } from '../ruleset.ts'
import type { IpCommand } from './types.ts'
import { device, hostAddress, lladdr } from './values.ts'
import { command, garbage, type Words } from './words.ts'

const VERBS = {
  add: 'add',
  replace: 'replace',
  change: 'change',
  delete: 'delete',
  show: 'show',
  list: 'show',
  lst: 'show',
  ls: 'show',
} as const

export function parseNeighbourCommand(words: Words, family: Family | undefined): IpCommand {
  const verb = words.done ? 'show' : command(words.next('neighbour'), VERBS, 'neigh')
  if (verb === 'show') {
    const dev = words.take('dev') ? device(words.next('dev')) : undefined
    return { kind: 'show', object: 'neigh', ...(family && { family }), ...(dev !== undefined && { dev }) }
  }
  const neighbour = parseNeighbourArguments(words, family, verb !== 'delete')
  return verb === 'delete' ? { kind: 'neigh-delete', neighbour } : { kind: `neigh-${verb}`, neighbour }
}

/** The words after `add`, or a line of `ip neigh show`. */
export function parseNeighbourArguments(
  words: Words,
  wanted: Family | undefined,
  needLladdr: boolean,
): Neighbour {
  let to: ReturnType<typeof hostAddress> | undefined
  let dev: string | undefined
  let mac: string | undefined
  while (!words.done) {
    const word = words.next('neigh')
    switch (word) {
      case 'dev':
        dev = device(words.next('dev'))
        break
      case 'lladdr':
        mac = lladdr(words.next('lladdr'))
        break
      case 'nud':
        words.next('nud')
        break
      case 'PERMANENT':
      case 'REACHABLE':
      case 'STALE':
      case 'NOARP':
      case 'router':
        break
      default:
        if (to) garbage(word)
        to = hostAddress(word === 'to' ? words.next('to') : word, wanted)
    }
  }
  if (!to || dev === undefined)
    throw new Problem('Device and destination are required arguments.', { field: 'neigh' })
  if (mac === undefined && needLladdr)
    throw new Problem('Not enough information: "lladdr" argument is required.', { field: 'lladdr' })
  return { ...to, dev, lladdr: mac ?? '' }
}

/** The command that makes it. */
export const printNeighbour = ({ address, lladdr, dev }: Neighbour): string =>
  `ip neigh add ${address} lladdr ${lladdr} dev ${dev} nud permanent`
