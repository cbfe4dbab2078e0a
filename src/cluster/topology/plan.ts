/**
 * The address plan of an emulated cluster: who has which address, fixed so that two runs, a printed script and the
 * documentation agree. Pod and service ranges are those of kind; what is outside uses the documentation prefixes
 * (RFC 5737, RFC 3849).
 */
import ipaddr from 'ipaddr.js'
import type { Family } from '../../kernel/ruleset.ts'

export interface AddressPlan {
  /** All pods; each node has a block of it. Also what kube-proxy gets as `--cluster-cidr`. */
  readonly clusterCidr: string
  readonly nodeBlockLength: number
  readonly serviceCidr: string
  /** Node N has the address base + N + 1; base + 1 is the fabric, everybody's default gateway. */
  readonly nodeBase: string
  /** Addresses that services of type LoadBalancer get. */
  readonly loadBalancerCidr: string
  readonly outsideGateway: string
  /** The client outside of the cluster. */
  readonly outsideHost: string
}

export const ADDRESS_PLAN: Readonly<Record<Family, AddressPlan>> = {
  ipv4: {
    clusterCidr: '10.244.0.0/16',
    nodeBlockLength: 24,
    serviceCidr: '10.96.0.0/16',
    nodeBase: '172.18.0.0',
    loadBalancerCidr: '203.0.113.0/24',
    outsideGateway: '198.51.100.1',
    outsideHost: '198.51.100.10',
  },
  ipv6: {
    clusterCidr: 'fd00:10:244::/56',
    nodeBlockLength: 64,
    serviceCidr: 'fd00:10:96::/112',
    nodeBase: 'fd00:172:18::',
    loadBalancerCidr: '2001:db8:113::/120',
    outsideGateway: '2001:db8:100::1',
    outsideHost: '2001:db8:100::10',
  },
}

/** `node-N` counts from 1. */
export function nodeAddress(family: Family, index: number): string {
  return addressAt(ADDRESS_PLAN[family].nodeBase, BigInt(index + 1))
}

export function fabricAddress(family: Family): string {
  return addressAt(ADDRESS_PLAN[family].nodeBase, 1n)
}

/** The first address of a pod block: the pods' default gateway, an address of every veth on the node's side. */
export function gatewayOf(podCidr: string): string {
  return addressAt(podCidr.slice(0, podCidr.indexOf('/')), 1n)
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}

export function hostPrefix(family: Family): number {
  return family === 'ipv4' ? 32 : 128
}

/** `offset` addresses above `base`, canonical text. */
export function addressAt(base: string, offset: bigint): string {
  const bytes = ipaddr.parse(base).toByteArray()
  let value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) + offset
  for (let index = bytes.length - 1; index >= 0; index--) {
    bytes[index] = Number(value & 0xffn)
    value >>= 8n
  }
  return ipaddr.fromByteArray(bytes).toString()
}

/** Bytes of an address; an IPv6 one has 16. */
export function addressBytes(address: string): number[] {
  return ipaddr.parse(address).toByteArray()
}

export function isAddress(text: string): boolean {
  return /^[0-9.]+$/.test(text) ? ipaddr.IPv4.isValidFourPartDecimal(text) : ipaddr.IPv6.isValid(text)
}

/** Whether some host can have it on an interface: no loopback, multicast, broadcast or unspecified address. */
export function isHostAddress(text: string): boolean {
  return !['loopback', 'multicast', 'broadcast', 'unspecified'].includes(ipaddr.parse(text).range())
}

/** `::ffff:192.0.2.1`: IPv4 in the words of IPv6, which no packet carries. */
export function isMappedAddress(text: string): boolean {
  return ipaddr.parse(text).range() === 'ipv4Mapped'
}

/** Canonical text of an address that `isAddress` accepted. */
export function canonicalAddress(text: string): string {
  return ipaddr.parse(text).toString()
}

export function isWithin(address: string, cidr: string): boolean {
  const parsed = ipaddr.parse(address)
  const [network, length] = ipaddr.parseCIDR(cidr)
  return parsed.kind() === network.kind() && parsed.match(network, length)
}

/** Whether the plan has no use for it: not the pods', services', balancers', nodes' or the outside host's. */
export function isUnplanned(address: string): boolean {
  return (
    isHostAddress(address) &&
    clusterRangeOf(address) === undefined &&
    Object.values(ADDRESS_PLAN).every(
      ({ nodeBase, outsideGateway, outsideHost }) =>
        ![outsideGateway, outsideHost].includes(canonicalAddress(address)) &&
        !isWithin(address, `${nodeBase}/${hostPrefix(familyOf(nodeBase)) - 8}`),
    )
  )
}

/** The range that belongs to the cluster and holds `address`: nobody outside has such an address. */
export function clusterRangeOf(address: string): string | undefined {
  return Object.values(ADDRESS_PLAN)
    .flatMap(({ clusterCidr, serviceCidr, loadBalancerCidr }) => [clusterCidr, serviceCidr, loadBalancerCidr])
    .find((cidr) => isWithin(address, cidr))
}
