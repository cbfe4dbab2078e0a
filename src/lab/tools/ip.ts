/** ip (iproute2): netns, link, address, route and neigh. */
import { parseIpCommand, type IpCommand, type LinkChanges, type NewLink } from '../../kernel/ip/index.ts'
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
      engine.addrAdd(netns, command.address)
      return
    case 'addr-delete':
      engine.addrDelete(netns, command.address)
      return
    case 'route-add':
      engine.routeAdd(netns, command.route)
      return
    case 'route-replace':
      tolerated(() => engine.routeDelete(netns, command.route))
      engine.routeAdd(netns, command.route)
      return
    case 'route-delete':
      engine.routeDelete(netns, command.route)
      return
    case 'neigh-add':
      engine.neighAdd(netns, command.neighbour)
      return
    case 'neigh-replace':
      tolerated(() => engine.neighDelete(netns, command.neighbour))
      engine.neighAdd(netns, command.neighbour)
      return
    case 'neigh-delete':
      engine.neighDelete(netns, command.neighbour)
      return
    case 'addr-flush':
    case 'show': {
      const word = command.kind === 'show' ? 'show' : 'flush'
      throw new Problem(`ip: "${word}" is not part of a lab script`, { field: word })
    }
  }
}

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

/** `replace` begins with a deletion that may find nothing. */
function tolerated(action: () => void): void {
  try {
    action()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
  }
}
