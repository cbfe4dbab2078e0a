/** ClusterNetworkPolicies (policy.networking.k8s.io/v1alpha2): cluster-scoped, `cnp`. */
import type { KubeObject, LabelSelector } from './meta.ts'

export interface ClusterNetworkPolicy extends KubeObject {
  readonly apiVersion: 'policy.networking.k8s.io/v1alpha2'
  readonly kind: 'ClusterNetworkPolicy'
  readonly spec: ClusterNetworkPolicySpec
}

export type ClusterNetworkPolicyTier = 'Admin' | 'Baseline'

/** `Pass` skips the rest of the tier. */
export type ClusterNetworkPolicyAction = 'Accept' | 'Deny' | 'Pass'

export interface ClusterNetworkPolicySpec {
  readonly tier: ClusterNetworkPolicyTier
  /** 0 to 1000; the lower one is asked first. */
  readonly priority: number
  /** Exactly one of the two. */
  readonly subject: ClusterNetworkPolicyPodPeer
  /** At most 25 each; in order, the first that matches decides. */
  readonly ingress?: readonly ClusterNetworkPolicyIngressRule[]
  readonly egress?: readonly ClusterNetworkPolicyEgressRule[]
}

export interface ClusterNetworkPolicyIngressRule {
  readonly name?: string
  readonly action: ClusterNetworkPolicyAction
  readonly from: readonly ClusterNetworkPolicyPodPeer[]
  /** Absent: every protocol, ICMP included. */
  readonly protocols?: readonly ClusterNetworkPolicyProtocol[]
}

export interface ClusterNetworkPolicyEgressRule {
  readonly name?: string
  readonly action: ClusterNetworkPolicyAction
  readonly to: readonly ClusterNetworkPolicyEgressPeer[]
  readonly protocols?: readonly ClusterNetworkPolicyProtocol[]
}

/** Exactly one: every pod of the namespaces selected, or the pods selected in the namespaces selected. */
export interface ClusterNetworkPolicyPodPeer {
  readonly namespaces?: LabelSelector
  readonly pods?: NamespacedPod
}

export interface NamespacedPod {
  /** May be absent as it is written, never as it is stored: empty, all namespaces. */
  readonly namespaceSelector: LabelSelector
  readonly podSelector: LabelSelector
}

/** Exactly one of these. */
export interface ClusterNetworkPolicyEgressPeer extends ClusterNetworkPolicyPodPeer {
  /** CIDRs; they match pods, too. */
  readonly networks?: readonly string[]
  /** By the addresses in the status of the nodes selected. */
  readonly nodes?: LabelSelector
  /** Accept only. */
  readonly domainNames?: readonly string[]
}

/** Exactly one of these. */
export interface ClusterNetworkPolicyProtocol {
  readonly tcp?: ClusterNetworkPolicyPorts
  readonly udp?: ClusterNetworkPolicyPorts
  readonly sctp?: ClusterNetworkPolicyPorts
  /** Name, protocol and number are those of the destination pod's port. */
  readonly destinationNamedPort?: string
}

export interface ClusterNetworkPolicyPorts {
  /** Absent: all ports of the protocol (the published schema refuses that, its text allows it). */
  readonly destinationPort?: {
    readonly number?: number
    /** `start` < `end`, both inclusive. */
    readonly range?: { readonly start: number; readonly end: number }
  }
}
