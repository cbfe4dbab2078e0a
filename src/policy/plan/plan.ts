/**
 * One direction of one policy as every dataplane sees it: defaults filled in, both APIs in the same words. What is told
 * apart here is what a dataplane has to tell apart; nothing of it is kernel objects yet.
 */
import type { LabelSelector, Protocol } from '../../apiserver/index.ts'

export type Direction = 'egress' | 'ingress'

/** In the order in which they are asked. */
export const TIERS = ['Admin', 'NetworkPolicy', 'Baseline'] as const

export type Tier = (typeof TIERS)[number]

export interface PolicyPlan {
  readonly kind: 'NetworkPolicy' | 'ClusterNetworkPolicy'
  /** NetworkPolicies only. */
  readonly namespace?: string
  readonly name: string
  readonly resourceVersion: string
  readonly tier: Tier
  /** Ascending within a tier, then by name. 0 for NetworkPolicies, whose order is no matter. */
  readonly priority: number
  readonly direction: Direction
  /** The pods it is about. */
  readonly subject: PodSelector
  /** The first that matches decides. */
  readonly rules: readonly PlanRule[]
}

export interface PlanRule {
  /** From 0, as in the object. */
  readonly index: number
  readonly name?: string
  readonly action: 'Accept' | 'Deny' | 'Pass'
  /** The other ends, any of them; undefined: everybody. */
  readonly peers: readonly PlanPeer[] | undefined
  /** Any of them; undefined: everything, protocols without ports included. */
  readonly ports: readonly PlanPort[] | undefined
}

/** Pods whose labels pass, in namespaces that pass. */
export interface PodSelector {
  readonly namespaces: NamespaceSelector
  readonly pods: LabelSelector
}

export type NamespaceSelector = { readonly name: string } | { readonly labels: LabelSelector }

export type PlanPeer =
  | { readonly kind: 'pods'; readonly selector: PodSelector }
  /** By the addresses in the status of the nodes. */
  | { readonly kind: 'nodes'; readonly selector: LabelSelector }
  | {
      readonly kind: 'network'
      readonly cidr: string
      readonly except: readonly string[]
      /** Addresses of pods are not meant, even inside. Default false. */
      readonly exceptPods?: boolean
    }

export type PlanPort =
  /** All ports of a protocol. */
  | { readonly kind: 'protocol'; readonly protocol: Protocol }
  /** Inclusive. */
  | { readonly kind: 'range'; readonly protocol: Protocol; readonly from: number; readonly to: number }
  | {
      readonly kind: 'named'
      readonly name: string
      /** Undefined: the pod's port says it. */
      readonly protocol?: Protocol
      /** Whose port has the name. Default `destination`. */
      readonly resolvedOn?: 'destination' | 'source'
    }

/** `NetworkPolicy default/redis-allow ingress`: what people read, and the key of a plan. */
export function planKey({ kind, namespace, name, direction }: PolicyPlan): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name} ${direction}`
}

/** A selector's text, the same for selectors that say the same in another order. */
export function selectorKey({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${key} In ${value}`),
    ...matchExpressions.map(
      ({ key, operator, values = [] }) => `${key} ${operator} ${[...new Set(values)].sort().join(',')}`,
    ),
  ]
    .sort()
    .join(';')
}

export function namespaceSelectorKey(selector: NamespaceSelector): string {
  return 'name' in selector ? `=${selector.name}` : `~${selectorKey(selector.labels)}`
}

export function podSelectorKey({ namespaces, pods }: PodSelector): string {
  return `${namespaceSelectorKey(namespaces)}|${selectorKey(pods)}`
}
