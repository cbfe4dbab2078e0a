/**
 * A network as a lab script: the commands of `ip` and `sysctl` that build it, one a line. `sh` as root runs it on
 * Linux; `podwire lab` runs it in the engine. Sockets have no command: what listens is not part of a script.
 */
import { printAddress, printLink, printNeighbour, printRoute } from '../../kernel/ip/index.ts'
import { printSysctl } from '../../kernel/sysctl.ts'
import type { NetnsObjects, Piece, Wire } from './piece.ts'

export function printPiece(piece: Piece): string[] {
  return [
    `# ${piece.comment}`,
    ...(piece.netns === undefined
      ? []
      : [`ip netns add ${piece.netns}`, inNetns(piece.netns, 'ip link set lo up')]),
    // Defaults for devices to come have to be there before the devices.
    ...piece.objects.flatMap(printSysctls),
    ...piece.wires.flatMap(printWire),
    ...piece.objects.flatMap(printObjects),
  ]
}

function printWire({ a, b }: Wire): string[] {
  const [create = '', ...settings] = printLink(a.link, { name: b.link.name, netns: b.netns })
  // The peer came with the pair: only its settings are left.
  const [, ...peer] = printLink(b.link)
  return [
    inNetns(a.netns, create),
    ...settings.map((line) => inNetns(a.netns, line)),
    ...peer.map((line) => inNetns(b.netns, line)),
  ]
}

function printSysctls({ netns, sysctls = {} }: NetnsObjects): string[] {
  return Object.entries(sysctls).map(
    ([key, value]) => `ip netns exec ${netns} ${printSysctl({ key, value })}`,
  )
}

function printObjects({ netns, addresses = [], routes = [], neighbours = [] }: NetnsObjects): string[] {
  return [...addresses.map(printAddress), ...neighbours.map(printNeighbour), ...routes.map(printRoute)].map(
    (line) => inNetns(netns, line),
  )
}

function inNetns(netns: string, line: string): string {
  return line.replace(/^ip /, `ip -n ${netns} `)
}
