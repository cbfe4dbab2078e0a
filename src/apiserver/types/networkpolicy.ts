/** NetworkPolicies (api/networking/v1). */
import type { IntOrString, KubeObject, LabelSelector, Protocol } from './meta.ts'

export interface NetworkPolicy extends KubeObject {
  readonly apiVersion: 'networking.k8s.io/v1'
  readonly kind: 'NetworkPolicy'
  readonly spec: NetworkPolicySpec
}

export type PolicyType = 'Ingress' | 'Egress'

export interface NetworkPolicySpec {
  /** Absent or empty selects every pod of the namespace. */
  readonly podSelector?: LabelSelector
  /** When absent: Ingress, and Egress too if there is any egress rule. */
  readonly policyTypes?: readonly PolicyType[]
  readonly ingress?: readonly NetworkPolicyIngressRule[]
  readonly egress?: readonly NetworkPolicyEgressRule[]
}

/** Absent or empty `from` or `ports` means all. */
export interface NetworkPolicyIngressRule {
  readonly from?: readonly NetworkPolicyPeer[]
  readonly ports?: readonly NetworkPolicyPort[]
}

/** Absent or empty `to` or `ports` means all. */
export interface NetworkPolicyEgressRule {
  readonly to?: readonly NetworkPolicyPeer[]
  readonly ports?: readonly NetworkPolicyPort[]
}

/** Either `ipBlock`, or one or both of the selectors (both: pods matching inside namespaces matching). */
export interface NetworkPolicyPeer {
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly ipBlock?: IPBlock
}

export interface IPBlock {
  readonly cidr: string
  readonly except?: readonly string[]
}

export interface NetworkPolicyPort {
  readonly protocol?: Protocol
  /** A number, or the name of a container's port; absent means all. */
  readonly port?: IntOrString
  /** Last port of a range that `port` (a number) begins. */
  readonly endPort?: number
}
