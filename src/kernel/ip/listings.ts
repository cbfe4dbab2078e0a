/** The listings of `ip addr`, `ip route` and `ip neigh`, read back into models. */
import type { InterfaceAddress, Link, Neighbour, Route } from '../net.ts'
import { placed, Problem } from '../problem.ts'
import type { Family } from '../ruleset.ts'
import { parseNeighbourArguments } from './neighbour.ts'
import { parseRouteArguments } from './route.ts'
import { device, hostAddress, lladdr, number, prefix } from './values.ts'
import { Words } from './words.ts'

function eachLine<T>(text: string, file: string | undefined, parse: (line: string) => T | undefined): T[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return []
    const parsed = placed({ ...(file !== undefined && { file }), line: i + 1 }, () => parse(line))
    return parsed === undefined ? [] : [parsed]
  })
}

const wordsOf = (line: string): Words => new Words(line.trim().split(/\s+/))

/** `ip route show`, or `ip -6 route show`, with any table. */
export const parseRoutes = (text: string, family: Family, file?: string): Route[] =>
  eachLine(text, file, (line) => parseRouteArguments(wordsOf(line), family))

/** `ip neigh show`; entries without a link-layer address (FAILED, INCOMPLETE) are left out. */
export const parseNeighbours = (text: string, file?: string): Neighbour[] =>
  eachLine(text, file, (line) =>
    line.includes(' lladdr ') ? parseNeighbourArguments(wordsOf(line), undefined, true) : undefined,
  )

export interface Interfaces {
  readonly links: readonly Link[]
  readonly addresses: readonly InterfaceAddress[]
}

/** `ip addr show`, or `ip link show`, in its long form. */
export function parseInterfaces(text: string, file?: string): Interfaces {
  const links: { -readonly [Key in keyof Link]: Link[Key] }[] = []
  const addresses: InterfaceAddress[] = []
  eachLine(text, file, (line) => {
    const header = /^\d+: ([^:@\s]+)(?:@[^:\s]+)?: <([^>]*)> mtu (\d+)/.exec(line)
    if (header) {
      const name = device(header[1]!)
      const flags = header[2]!.split(',')
      const kind = flags.includes('LOOPBACK') ? 'loopback' : line.includes('@') ? 'veth' : 'dummy'
      const mtu = number(header[3]!, 65_536, 'mtu')
      links.push({ name, kind, address: '00:00:00:00:00:00', mtu, up: flags.includes('UP') })
      return
    }
    const link = links.at(-1)
    const [word, value = ''] = line.trim().split(/\s+/)
    if (!link) throw new Problem('a link (`1: lo: <…> mtu …`) must come first', { field: word! })
    if (word!.startsWith('link/') && word !== 'link/none') link.address = lladdr(value)
    else if (word === 'inet' || word === 'inet6') addresses.push(parseInet(line, link.name))
    else if (!word!.startsWith('link/') && word !== 'valid_lft')
      throw new Problem('not a line of ip addr', { field: word! })
  })
  return { links, addresses }
}

function parseInet(line: string, link: string): InterfaceAddress {
  const words = line.trim().split(/\s+/)
  const family = words[0] === 'inet' ? 'ipv4' : 'ipv6'
  const after = (name: string): string | undefined => {
    const at = words.indexOf(name)
    return at < 0 ? undefined : words[at + 1]
  }
  const peer = after('peer')
  const local = prefix(words[1]!, family)
  const far = peer === undefined ? undefined : prefix(peer, family)
  const broadcast = after('brd')
  const scope = after('scope')
  if (scope !== 'global' && scope !== 'link' && scope !== 'host')
    throw new Problem('an address needs a scope (global, link or host)', { field: scope ?? words[1]! })
  const flags = (['secondary', 'nodad', 'noprefixroute'] as const).filter((flag) => words.includes(flag))
  return {
    link,
    family,
    address: local.address,
    prefixLength: far?.prefixLength ?? local.prefixLength,
    ...(far && { peer: far.address }),
    ...(broadcast !== undefined && { broadcast: hostAddress(broadcast, family).address }),
    scope,
    ...Object.fromEntries(flags.map((flag) => [flag, true])),
  }
}
