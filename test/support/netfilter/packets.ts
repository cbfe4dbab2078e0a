/** Packets for tests of rules: an IP header and a transport header with defaults, as bytes. */
import { icmp, ipPacket, tcp, udp, type Icmp, type Ip, type Tcp, type Udp } from '../packet/build.ts'

const V4: Ip = { source: '10.0.0.1', destination: '10.0.0.2' }
const V6: Ip = { source: 'fd00::1', destination: 'fd00::2' }

export const tcp4 = (header: Partial<Tcp> = {}, ip: Partial<Ip> = {}): Uint8Array =>
  tcpOver({ ...V4, ...ip }, header)
export const tcp6 = (header: Partial<Tcp> = {}, ip: Partial<Ip> = {}): Uint8Array =>
  tcpOver({ ...V6, ...ip }, header)
export const udp4 = (header: Partial<Udp> = {}, ip: Partial<Ip> = {}): Uint8Array =>
  udpOver({ ...V4, ...ip }, header)
export const udp6 = (header: Partial<Udp> = {}, ip: Partial<Ip> = {}): Uint8Array =>
  udpOver({ ...V6, ...ip }, header)
export const icmp4 = (header: Icmp = { type: 8 }, ip: Partial<Ip> = {}): Uint8Array =>
  ipPacket({ ...V4, ...ip }, icmp({ ...V4, ...ip }, header))
export const icmp6 = (header: Icmp = { type: 128 }, ip: Partial<Ip> = {}): Uint8Array =>
  ipPacket({ ...V6, ...ip }, icmp({ ...V6, ...ip }, header))

function tcpOver(ip: Ip, header: Partial<Tcp>): Uint8Array {
  return ipPacket(ip, tcp(ip, { sourcePort: 1000, destinationPort: 80, flags: 'S', ...header }))
}

function udpOver(ip: Ip, header: Partial<Udp>): Uint8Array {
  return ipPacket(ip, udp(ip, { sourcePort: 1000, destinationPort: 53, ...header }))
}

/** Any protocol with the bytes that follow the IP header. */
export function raw4(protocol: number, bytes: Uint8Array, ip: Partial<Ip> = {}): Uint8Array {
  return ipPacket({ ...V4, ...ip }, { protocol, bytes })
}

export function raw6(protocol: number, bytes: Uint8Array, ip: Partial<Ip> = {}): Uint8Array {
  return ipPacket({ ...V6, ...ip }, { protocol, bytes })
}
