/** Builders for frames in the house topology. */
import {
  frame,
  icmp,
  ipPacket,
  tcp,
  udp,
  type Icmp,
  type Ip,
  type Tcp,
  type Udp,
} from '../../support/packet/build.ts'
import type { CaseFrame, Port } from './case.ts'
import { HOST_A, HOST_B, MAC } from './topology.ts'

export interface Side {
  readonly port: Port
  /** Wraps a packet into a frame from this host to the node. */
  readonly packet: (packet: Uint8Array, options?: SendOptions) => CaseFrame
  readonly tcp: (ip: Ip, header: Tcp, options?: SendOptions) => CaseFrame
  readonly udp: (ip: Ip, header: Udp, options?: SendOptions) => CaseFrame
  readonly icmp: (ip: Ip, header: Icmp, options?: SendOptions) => CaseFrame
}

export interface SendOptions {
  readonly after?: number
  readonly destination?: string
}

function side(port: Port, source: string, node: string): Side {
  const packet: Side['packet'] = (bytes, { after, destination = node } = {}) => ({
    port,
    bytes: frame({ source, destination }, bytes),
    ...(after !== undefined && { after }),
  })
  return {
    port,
    packet,
    tcp: (ip, header, options) => packet(ipPacket(ip, tcp(ip, header)), options),
    udp: (ip, header, options) => packet(ipPacket(ip, udp(ip, header)), options),
    icmp: (ip, header, options) => packet(ipPacket(ip, icmp(ip, header)), options),
  }
}

export const a = side(HOST_A, MAC.a, MAC.nodeA)
export const b = side(HOST_B, MAC.b, MAC.nodeB)
