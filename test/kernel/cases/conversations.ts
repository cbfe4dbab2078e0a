/** Two-sided flows as lists of frames: what client and server send when the node translates nothing, or as told. */
import type { Ip } from '../../support/packet/build.ts'
import { a, b } from '../harness/sides.ts'
import type { CaseFrame } from '../harness/case.ts'

export interface Ends {
  /** As the client sees it: from its address to the address it dials. */
  readonly client: string
  readonly dialled: string
  /** As the server sees it: where packets come from and which address is its own. Default: untranslated. */
  readonly seenFrom?: string
  readonly server?: string
  readonly clientPort?: number
  readonly dialledPort?: number
  readonly seenPort?: number
  readonly serverPort?: number
}

/** A TCP conversation from the handshake to both FINs; a is the client, b the server. */
export function tcpConversation(ends: Ends): CaseFrame[] {
  const { toServer, toClient, ports, back } = resolve(ends)
  const client = (flags: string, seq: number, ack: number, payload = 0): CaseFrame =>
    a.tcp(toServer, { ...ports, flags, seq, ack, ...(payload > 0 && { payload: new Uint8Array(payload) }) })
  const server = (flags: string, seq: number, ack: number, payload = 0): CaseFrame =>
    b.tcp(toClient, { ...back, flags, seq, ack, ...(payload > 0 && { payload: new Uint8Array(payload) }) })
  return [
    client('S', 100, 0),
    server('SA', 900, 101),
    client('A', 101, 901),
    client('PA', 101, 901, 50),
    server('A', 901, 151),
    server('PA', 901, 151, 70),
    client('A', 151, 971),
    client('FA', 151, 971),
    server('A', 971, 152),
    server('FA', 971, 152),
    client('A', 152, 972),
  ]
}

export function udpConversation(ends: Ends): CaseFrame[] {
  const { toServer, toClient, ports, back } = resolve(ends)
  const payload = Uint8Array.of(1, 2, 3)
  return [
    a.udp(toServer, { ...ports, payload }),
    b.udp(toClient, { ...back, payload }),
    a.udp(toServer, { ...ports, payload }),
    b.udp(toClient, { ...back }),
  ]
}

export function echoConversation(ends: Ends): CaseFrame[] {
  const { toServer, toClient } = resolve(ends)
  const six = ends.client.includes(':')
  return [1, 2].flatMap((seq) => [
    a.icmp(toServer, { type: six ? 128 : 8, word: 0x0007_0000 + seq, payload: Uint8Array.of(1, 2) }),
    b.icmp(toClient, { type: six ? 129 : 0, word: 0x0007_0000 + seq, payload: Uint8Array.of(1, 2) }),
  ])
}

function resolve(ends: Ends): {
  toServer: Ip
  toClient: Ip
  ports: { sourcePort: number; destinationPort: number }
  back: { sourcePort: number; destinationPort: number }
} {
  const { client, dialled, seenFrom = client, server = dialled } = ends
  const { clientPort = 40000, dialledPort = 80, seenPort = clientPort, serverPort = dialledPort } = ends
  return {
    toServer: { source: client, destination: dialled, id: 11 },
    toClient: { source: server, destination: seenFrom, id: 22 },
    ports: { sourcePort: clientPort, destinationPort: dialledPort },
    back: { sourcePort: serverPort, destinationPort: seenPort },
  }
}
