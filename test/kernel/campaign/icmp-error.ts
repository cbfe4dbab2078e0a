/** ICMP errors that hosts and routers send about packets of a flow. */
import { formatAddress } from '../../../src/kernel/address.ts'
import type { IcmpErrorStep, Step } from '../../arbitraries/step.ts'
import { icmp, ipPacket } from '../../support/packet/build.ts'

const ROUTER = { ipv4: '192.0.2.1', ipv6: '2001:db8::1' } as const

const MESSAGES: Readonly<
  Record<IcmpErrorStep['kind'], { readonly ipv4: readonly number[]; readonly ipv6: readonly number[] }>
> = {
  unreachable: { ipv4: [3, 1, 0], ipv6: [1, 3, 0] },
  'port unreachable': { ipv4: [3, 3, 0], ipv6: [1, 4, 0] },
  'time exceeded': { ipv4: [11, 0, 0], ipv6: [3, 0, 0] },
  'too big': { ipv4: [3, 4, 1300], ipv6: [2, 0, 1300] },
  parameter: { ipv4: [12, 0, 0x14000000], ipv6: [4, 0, 6] },
  redirect: { ipv4: [5, 1, 0x0a000163], ipv6: [137, 0, 0] },
  quench: { ipv4: [4, 0, 0], ipv6: [1, 7, 0] },
}

/** `about` is the packet that is complained about, as it arrived. */
export function icmpErrorPacket({ error, ttl, tos }: Step, about: Uint8Array, id: number): Uint8Array {
  const { kind, quoted, damage, fromRouter } = error!
  const family = about[0]! >> 4 === 6 ? 'ipv6' : 'ipv4'
  const header = family === 'ipv6' ? 40 : (about[0]! & 15) * 4
  const [source, destination] =
    family === 'ipv6' ? [about.slice(24, 40), about.slice(8, 24)] : [about.slice(16, 20), about.slice(12, 16)]
  const payload = about.slice(0, header + quoted)
  if (damage === 'inner checksum' && family === 'ipv4') payload[10]! ^= 0x55
  if (damage === 'inner ports' && payload.length > header + 1) payload[header + 1]! ^= 0x10
  if (damage === 'unknown inner') payload[family === 'ipv6' ? 6 : 9] = 99
  if (damage === 'inner version') payload[0] = 0x55
  const [type, code, word] = MESSAGES[kind][family]
  const ip = {
    source: fromRouter ? ROUTER[family] : formatAddress(source),
    destination: formatAddress(destination),
    ttl,
    tos,
    id,
  }
  const message = { type: type!, code: code!, word: word!, payload }
  return ipPacket(ip, icmp(ip, damage === 'outer checksum' ? { ...message, checksum: 0x4321 } : message))
}
