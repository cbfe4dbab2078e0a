/** `ip link`: veth pairs and dummies, and what `set` changes. */
import type { Link } from '../net.ts'
import { Problem } from '../problem.ts'
import { device, lladdr, number } from './values.ts'
import type { LinkChanges, LinkCommand, NewLink } from './types.ts'
import { parseLinkFilter } from './show-command.ts'
import { command, type Words } from './words.ts'

const VERBS = {
  add: 'add',
  delete: 'delete',
  set: 'set',
  show: 'show',
  list: 'show',
  lst: 'show',
  ls: 'show',
} as const

const MAX_MTU = 65_535

export function parseLinkCommand(words: Words): LinkCommand {
  switch (words.done ? 'show' : command(words.next('link'), VERBS, 'link')) {
    case 'add':
      return add(words)
    case 'delete': {
      words.take('dev')
      const link = device(words.next('delete'))
      if (words.take('type')) words.next('type')
      return { kind: 'link-delete', link }
    }
    case 'set':
      return set(words)
    case 'show':
      return { kind: 'show', object: 'link', ...parseLinkFilter(words) }
  }
}

function add(words: Words): LinkCommand {
  const link = description(words, 'type')
  const type = words.next('type')
  if (type === 'dummy') return { kind: 'link-add', type, link: named(link, 'dummy') }
  if (type !== 'veth') throw new Problem('Unknown device type.', { field: type })
  if (!words.take('peer')) throw new Problem('type veth needs `peer NAME`', { field: 'veth' })
  return { kind: 'link-add', type, link: named(link, 'veth'), peer: named(description(words), 'peer') }
}

function named({ name, ...rest }: LinkChanges, what: string): NewLink {
  if (name === undefined)
    throw new Problem(`Not enough information: a name for the ${what} is required.`, { field: what })
  return { name, ...rest }
}

/** Arguments up to `stop` or the end; a bare word is the name. */
function description(words: Words, stop?: string): LinkChanges {
  let link: LinkChanges = {}
  while (!words.done) {
    const word = words.next('link')
    if (word === stop) return link
    const change = argument(word, words)
    if (change) link = { ...link, ...change }
    else if (link.name === undefined)
      link = { ...link, name: device(word === 'dev' ? words.next('dev') : word) }
    else throw new Problem(`"${word}" is not an argument of a link that is known here`, { field: word })
  }
  if (stop) throw new Problem(`Not enough information: "${stop}" argument is required.`, { field: stop })
  return link
}

function argument(word: string, words: Words): LinkChanges | undefined {
  switch (word) {
    case 'name':
      return { name: device(words.next('name')) }
    case 'netns':
      return { netns: words.next('netns') }
    case 'address':
      return { address: lladdr(words.next('address')) }
    case 'mtu':
      return { mtu: number(words.next('mtu'), MAX_MTU, 'mtu') }
    case 'up':
      return { up: true }
    case 'down':
      return { up: false }
    default:
      return undefined
  }
}

function set(words: Words): LinkCommand {
  words.take('dev')
  const link = device(words.next('set'))
  let changes: LinkChanges = {}
  while (!words.done) {
    const word = words.next(link)
    const change = argument(word, words)
    if (!change)
      throw new Problem(`"${word}" is not an argument of a link that is known here`, { field: word })
    changes = { ...changes, ...change }
  }
  return { kind: 'link-set', link, changes }
}

/** The commands that make a link; a veth's peer is made along with it, so it is named here. */
export function printLink(link: Link, peer?: NewLink): string[] {
  const create =
    link.kind === 'veth'
      ? [
          `ip link add ${link.name} type veth peer name ${peer?.name ?? `${link.name}-peer`}${peer?.netns ? ` netns ${peer.netns}` : ''}`,
        ]
      : link.kind === 'dummy'
        ? [`ip link add ${link.name} type dummy`]
        : []
  const address = link.kind === 'loopback' ? '' : ` address ${link.address}`
  return [...create, `ip link set ${link.name}${address} mtu ${link.mtu} ${link.up ? 'up' : 'down'}`]
}
