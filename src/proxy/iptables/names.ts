/**
 * Chain names of kube-proxy's iptables mode (pkg/proxy/iptables/proxier.go). A service's chains are named by a hash, as
 * a chain name is at most 28 characters: the first 16 of base32(SHA-256(service port name + protocol [+ endpoint])) (chain-hash.ts).
 */
import type { TableName } from '../../kernel/ruleset.ts'
import { servicePortString } from '../service-port.ts'
import type { ServicePortInfo, ServicePortName } from '../service-port.ts'
import { chainHash, hashedName } from './chain-hash.ts'

export const KUBE_SERVICES = 'KUBE-SERVICES'
export const KUBE_EXTERNAL_SERVICES = 'KUBE-EXTERNAL-SERVICES'
export const KUBE_NODEPORTS = 'KUBE-NODEPORTS'
export const KUBE_POSTROUTING = 'KUBE-POSTROUTING'
export const KUBE_MARK_MASQ = 'KUBE-MARK-MASQ'
export const KUBE_FORWARD = 'KUBE-FORWARD'
export const KUBE_PROXY_FIREWALL = 'KUBE-PROXY-FIREWALL'
/** Empty; its disappearance shows that somebody flushed the tables. */
export const KUBE_PROXY_CANARY = 'KUBE-PROXY-CANARY'
/** Kubelet's chain; kube-proxy writes the same rule into it. */
export const KUBE_FIREWALL = 'KUBE-FIREWALL'

/** The order of `iptables.Monitor`: the first is polled. */
export const CANARY_TABLES: readonly TableName[] = ['mangle', 'nat', 'filter']

export const NFACCT_INVALID_DROPPED = 'ct_state_invalid_dropped_pkts'
export const NFACCT_LOCALHOST_NODEPORTS = 'localhost_nps_accepted_pkts'

/** More endpoints than this, and comments on endpoint rules are left out. */
export const LARGE_CLUSTER_ENDPOINTS = 1000

export interface ServicePortChains {
  /** KUBE-SVC: all endpoints that policy Cluster allows. */
  readonly cluster: string
  /** KUBE-SVL: the endpoints of this node. */
  readonly local: string
  /** KUBE-FW: source ranges of a load balancer. */
  readonly firewall: string
  /** KUBE-EXT: where traffic to node ports, external and load balancer addresses comes in. */
  readonly external: string
}

export function servicePortChains(info: ServicePortInfo): ServicePortChains {
  const hash = chainHash(info.nameString + info.portName.protocol.toLowerCase())
  return {
    cluster: `KUBE-SVC-${hash}`,
    local: `KUBE-SVL-${hash}`,
    firewall: `KUBE-FW-${hash}`,
    external: `KUBE-EXT-${hash}`,
  }
}

/** The KUBE-SEP chain of one endpoint of a service port. */
export function endpointChain(portName: ServicePortName, endpoint: string): string {
  const text = servicePortString(portName) + portName.protocol.toLowerCase() + endpoint
  return hashedName('KUBE-SEP-', text)
}

const SERVICE_CHAIN = /^KUBE-(SVC|SVL|SEP|FW|EXT)-/

/** Whether kube-proxy would delete such a chain when no service needs it. */
export function isServiceChain(chain: string): boolean {
  return SERVICE_CHAIN.test(chain)
}
