/**
 * A network as a lab script: the commands of `ip` and `sysctl` that build it, one a line. `sh` as root runs it on
 * Linux; `podwire lab` runs it in the engine. Sockets have no command: what listens is not part of a script.
 */
import type { InterfaceAddress, Link, Neighbour, Route } from '../../kernel/net.ts'
import type { NetnsObjects, Piece, Wire } from './piece.ts'

export function printPiece(piece: Piece): string[] {
  return [
    `# ${piece.comment}`,
    ...(piece.netns === undefined
      ? []
      : [`ip netns add ${piece.netns}`, `ip -n ${piece.netns} link set lo up`]),
    // Defaults for devices to come have to be there before the devices.
    ...piece.objects.flatMap(printSysctls),
    ...piece.wires.flatMap(printWire),
    ...piece.objects.flatMap(printObjects),
  ]
}

function printWire({ a, b }: Wire): string[] {
  return [
    `ip -n ${a.netns} link add ${a.link.name} address ${a.link.address} type veth peer name ${b.link.name} address ${b.link.address} netns ${b.netns}`,
    ...[a, b].filter(({ link }) => link.up).map(({ netns, link }) => linkUp(netns, link)),
  ]
}

function linkUp(netns: string, link: Link): string {
  return `ip -n ${netns} link set ${link.name} up`
}

function printSysctls({ netns, sysctls = {} }: NetnsObjects): string[] {
  return Object.entries(sysctls).map(([key, value]) => `ip netns exec ${netns} sysctl -w ${key}=${value}`)
}

function printObjects({ netns, addresses = [], routes = [], neighbours = [] }: NetnsObjects): string[] {
  return [
    ...addresses.map((address) => `ip -n ${netns} addr add ${printAddress(address)}`),
    ...neighbours.map((neighbour) => `ip -n ${netns} neigh add ${printNeighbour(neighbour)}`),
    ...routes.map((route) => `ip -n ${netns} route add ${printRoute(route)}`),
  ]
}

function printAddress({ address, prefixLength, link, family }: InterfaceAddress): string {
  return `${address}/${prefixLength} dev ${link}${family === 'ipv6' ? ' nodad' : ''}`
}

function printRoute({ type, destination, prefixLength, via, dev, onlink }: Route): string {
  const words = [type === 'unicast' ? undefined : type, `${destination}/${prefixLength}`]
  if (via !== undefined) words.push(`via ${via}`)
  if (dev !== undefined) words.push(`dev ${dev}`)
  if (onlink === true) words.push('onlink')
  return words.filter((word) => word !== undefined).join(' ')
}

function printNeighbour({ address, lladdr, dev }: Neighbour): string {
  return `${address} lladdr ${lladdr} dev ${dev}`
}
