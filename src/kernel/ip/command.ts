/**
 * `ip` command lines (iproute2): the objects netns, link, address, route and neighbour with the arguments that a
 * namespace's model has. Anything else is a Problem that names it.
 */
import { Problem } from '../problem.ts'
import type { Family } from '../ruleset.ts'
import { parseAddressCommand } from './address.ts'
import { parseLinkCommand } from './link.ts'
import { parseNeighbourCommand } from './neighbour.ts'
import { parseRouteCommand } from './route.ts'
import type { IpCommand } from './types.ts'
import { garbage, Words } from './words.ts'

/** The arguments after the word `ip`. */
export function parseIpCommand(words: readonly string[]): IpCommand {
  const cursor = new Words(words)
  let netns: string | undefined
  let family: Family | undefined
  for (;;) {
    if (cursor.take('-n', '-netns')) netns = cursor.next('-n')
    else if (cursor.take('-4')) family = 'ipv4'
    else if (cursor.take('-6')) family = 'ipv6'
    else if (cursor.take('-f', '-family')) family = cursor.next('-family') === 'inet6' ? 'ipv6' : 'ipv4'
    else break
  }
  const object = cursor.next('ip')
  if (object.startsWith('-'))
    throw new Problem(`Option "${object}" is unknown, try "ip -help".`, { field: object })
  const command = parseObject(object, cursor, family)
  if (!cursor.done) garbage(cursor.peek()!)
  return netns === undefined ? command : { ...command, netns }
}

const OBJECTS = ['address', 'route', 'link', 'neighbour', 'neighbor', 'netns'] as const

function parseObject(object: string, words: Words, family: Family | undefined): IpCommand {
  const name = object === 'n' ? 'neighbour' : OBJECTS.find((candidate) => candidate.startsWith(object))
  switch (name) {
    case 'netns':
      return parseNetns(words)
    case 'link':
      return parseLinkCommand(words)
    case 'address':
      return parseAddressCommand(words, family)
    case 'route':
      return parseRouteCommand(words, family)
    case 'neighbour':
    case 'neighbor':
      return parseNeighbourCommand(words, family)
    default:
      throw new Problem(`Object "${object}" is unknown, try "ip help".`, { field: object })
  }
}

function parseNetns(words: Words): IpCommand {
  const verb = words.done ? 'list' : words.next('netns')
  switch (verb) {
    case 'add':
      return { kind: 'netns-add', name: netnsName(words.next('add')) }
    case 'del':
    case 'delete':
      return { kind: 'netns-delete', name: netnsName(words.next('del')) }
    case 'exec': {
      const name = netnsName(words.next('exec'))
      const command = words.rest()
      if (command.length === 0) throw new Problem('No command specified', { field: 'exec' })
      return { kind: 'netns-exec', name, command }
    }
    case 'list':
    case 'show':
    case 'ls':
      return { kind: 'netns-list' }
    default:
      throw new Problem(`Command "${verb}" is unknown, try "ip netns help".`, { field: verb })
  }
}

function netnsName(text: string): string {
  if (text === '' || text.includes('/') || text === '.' || text === '..' || text.startsWith('-'))
    throw new Problem(`Invalid netns name "${text}"`, { field: text })
  return text
}
