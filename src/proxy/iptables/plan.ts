/**
 * What is known of a service port before its rules are written: which endpoints it has for which traffic, and so which
 * of its chains there will be (pkg/proxy/iptables: syncProxyRules, the first part of its loop).
 */
import type { Family, Protocol, RuleHeader, RuleOrigin } from '../../kernel/ruleset.ts'
import type { Endpoint } from '../endpoint.ts'
import { hostNetwork } from '../ip.ts'
import type { IpAddress } from '../ip.ts'
import type { LocalDetector } from '../local-detector.ts'
import type { ServicePortInfo } from '../service-port.ts'
import { categorizeEndpoints } from '../topology.ts'
import type { EndpointCategories, NodeTopology } from '../topology.ts'
import type { ServicePortChains } from './names.ts'
import * as rules from './rules.ts'

/** What all service ports of one proxier share. */
export interface CompileContext {
  readonly family: Family
  readonly topology: NodeTopology
  readonly nodeIP: IpAddress | undefined
  readonly masqueradeAll: boolean
  readonly detector: LocalDetector
  /** Count NodePort traffic to 127.0.0.0/8 by an nfacct object. */
  readonly countLocalhostNodePorts: boolean
  /** No comments on endpoint rules. */
  readonly largeCluster: boolean
}

export interface ServicePortInput {
  readonly info: ServicePortInfo
  readonly endpoints: readonly Endpoint[]
  readonly chains: ServicePortChains
  readonly origin: RuleOrigin
}

/** A port with all that is derived from it, while it is being compiled. */
export interface PortPlan extends ServicePortInput {
  readonly context: CompileContext
  readonly categories: EndpointCategories
  readonly protocol: Protocol
  readonly hasInternal: boolean
  readonly hasExternal: boolean
  readonly usesExternalChain: boolean
  readonly usesFirewallChain: boolean
}

export function planPort(input: ServicePortInput, context: CompileContext): PortPlan {
  const { info } = input
  const categories = categorizeEndpoints(input.endpoints, info, context.topology)
  const { hasAny, local } = categories
  const hasVIPs = info.loadBalancerVIPs.length > 0
  return {
    ...input,
    context,
    categories,
    protocol: rules.protocolName(info.portName.protocol),
    hasInternal: info.internalPolicyLocal ? local.length > 0 : hasAny,
    hasExternal: info.externalPolicyLocal ? local.length > 0 : hasAny,
    usesExternalChain: hasAny && info.externallyAccessible,
    usesFirewallChain: hasAny && hasVIPs && info.loadBalancerSourceRanges.length > 0,
  }
}

/** `-p P -d ADDRESS` */
export function toAddress({ context, protocol }: PortPlan, address: string): RuleHeader {
  return {
    ...rules.protocolHeader(protocol),
    destination: { value: hostNetwork(context.family, address) },
  }
}
