/** ip (iproute2): netns, link, address, route and neigh. */
import {
  parseIpCommand,
  showAddresses,
  showLinks,
  showNeighbours,
  showRoutes,
  type IpCommand,
  type LinkChanges,
  type NewLink,
  type ShowCommand,
} from '../../kernel/ip/index.ts'
import type { Link } from '../../kernel/net.ts'
import { Problem } from '../../kernel/problem.ts'
import { ROOT_NETNS, type Context, type Tool } from './tool.ts'

const DEFAULT_MTU = 1500

export const ip: Tool = (context, words) => {
  const command = parseIpCommand(words)
  run({ ...context, netns: command.netns ?? context.netns }, command)
}

function run(context: Context, command: IpCommand): void {
  const { engine, netns, out, exec } = context
  switch (command.kind) {
    case 'netns-add':
      engine.netnsAdd(command.name)
      return
    case 'netns-delete':
      engine.netnsDelete(command.name)
      return
    case 'netns-exec':
      exec(command.name, command.command)
      return
    case 'netns-list':
      for (const name of engine.netnsNames().toReversed()) if (name !== ROOT_NETNS) out(`${name}\n`)
      return
    case 'link-add':
      addLink(context, command)
      return
    case 'link-set':
      setLink(context, command.link, command.changes)
      return
    case 'link-delete':
      engine.linkDelete(netns, command.link)
      return
    case 'addr-add':
      addAddress(context, command)
      return
    case 'addr-delete': {
      const { prefixLength, ...rest } = command.address
      engine.addrDelete(netns, command.anyPrefix ? rest : { ...rest, prefixLength })
      return
    }
    case 'addr-flush':
      engine.addrFlush(netns, command.dev, command.family)
      return
    case 'route-add':
      engine.routeAdd(netns, command.route)
      return
    case 'route-replace':
      engine.routeReplace(netns, command.route)
      return
    case 'route-change':
      engine.routeReplace(netns, command.route, { mustExist: true })
      return
    case 'route-delete':
      engine.routeDelete(netns, command.route)
      return
    case 'neigh-add':
    case 'neigh-replace':
    case 'neigh-change':
      setNeighbour(context, command)
      return
    case 'neigh-delete':
      engine.neighDelete(netns, command.neighbour)
      return
    case 'show':
      show(context, command)
      return
    default:
      command satisfies never
  }
}

function addAddress(
  { engine, netns }: Context,
  { address, replace }: IpCommand & { kind: 'addr-add' },
): void {
  const isThere = (): boolean =>
    engine
      .addrList(netns)
      .some(({ link, address: text }) => link === address.link && text === address.address)
  // What replace would change, the lifetimes, is for ever here.
  if (replace && isThere()) return
  engine.addrAdd(netns, address)
}

function setNeighbour(
  { engine, netns }: Context,
  { kind, neighbour }: Extract<IpCommand, { kind: 'neigh-add' | 'neigh-replace' | 'neigh-change' }>,
): void {
  const { family, address, dev } = neighbour
  const isThere = engine
    .neighList(netns)
    .some((other) => other.family === family && other.address === address && other.dev === dev)
  if (kind === 'neigh-add' && isThere) throw new Problem('RTNETLINK answers: File exists', { field: address })
  if (kind === 'neigh-change' && !isThere)
    throw new Problem('RTNETLINK answers: No such file or directory', { field: address })
  engine.neighAdd(netns, neighbour)
}

function show({ engine, netns, out }: Context, command: ShowCommand): void {
  const { object, family, dev, table = 'main', to, up = false } = command
  if (dev !== undefined) engine.link(netns, dev)
  const hide = { dev: dev !== undefined }
  switch (object) {
    case 'link':
    case 'addr': {
      // The namespace in which a script begins has no name that a listing could tell.
      const all = engine
        .linkList(netns)
        .map((link) =>
          link.peer?.netns === ROOT_NETNS ? { ...link, peer: { ...link.peer, netns: undefined } } : link,
        )
      const links = all.filter((link) => (dev === undefined || link.name === dev) && (!up || link.up))
      if (object === 'link') out(showLinks(links))
      else out(showAddresses(links, engine.addrList(netns), { all, ...(family && { family }) }))
      return
    }
    case 'route': {
      // `table all` alone is of both families.
      const families = family !== undefined ? [family] : table === 'all' ? FAMILIES : FAMILIES.slice(0, 1)
      for (const each of families) {
        const routes = engine
          .routeList(netns, each, table === 'all' ? undefined : table)
          .filter(
            (route) =>
              (dev === undefined || route.dev === dev) &&
              (to === undefined ||
                (route.destination === to.address && route.prefixLength === to.prefixLength)),
          )
        out(showRoutes(routes, { ...hide, table: table !== 'all' }))
      }
      return
    }
    case 'neigh':
      out(
        showNeighbours(
          engine
            .neighList(netns)
            .filter(
              (entry) =>
                (dev === undefined || entry.dev === dev) && (family === undefined || entry.family === family),
            ),
          hide,
        ),
      )
  }
}

const FAMILIES = ['ipv4', 'ipv6'] as const

function addLink({ engine, netns }: Context, command: IpCommand & { kind: 'link-add' }): void {
  const { link } = command
  const home = link.netns ?? netns
  if (command.type === 'dummy') {
    engine.linkAdd(home, newLink(link, 'dummy', home))
    return
  }
  const away = command.peer.netns ?? home
  engine.linkPair(home, newLink(link, 'veth', home), away, newLink(command.peer, 'veth', away))
}

function newLink(
  { name, address, mtu = DEFAULT_MTU, up = false }: NewLink,
  kind: Link['kind'],
  netns: string,
): Link {
  return { name, kind, mtu, up, address: address ?? madeUpAddress(`${netns}/${name}`) }
}

/** The kernel draws a random address; here it is made of the link's place, so that a run repeats (FNV-1a). */
function madeUpAddress(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const char of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(char)) * 0x100000001b3n)
  }
  const bytes = Array.from({ length: 6 }, (_, index) => Number((hash >> BigInt(index * 8)) & 0xffn))
  // Locally administered, unicast.
  bytes[0] = (bytes[0]! & 0xfc) | 2
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

function setLink({ engine, netns }: Context, link: string, changes: LinkChanges): void {
  const { netns: target, name, ...rest } = changes
  const home = target ?? netns
  if (home !== netns) engine.linkMove(netns, link, home)
  if (name !== undefined && name !== link) engine.linkRename(home, link, name)
  engine.linkSet(home, name ?? link, rest)
}
