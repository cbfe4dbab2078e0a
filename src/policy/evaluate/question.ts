/** What the reference evaluator is asked, and what it answers. Plain data. */
import type {
  ClusterNetworkPolicy,
  KubeObject,
  NetworkPolicy,
  Node,
  Pod,
} from '../../apiserver/types/index.ts'
import type { PolicyOptions } from './options.ts'

/** The objects that take part in a verdict, as the apiserver stores them (defaults filled in). */
export interface PolicyState {
  readonly namespaces: readonly KubeObject[]
  readonly pods: readonly Pod[]
  readonly nodes: readonly Node[]
  readonly networkPolicies: readonly NetworkPolicy[]
  readonly clusterNetworkPolicies: readonly ClusterNetworkPolicy[]
}

/**
 * One end of a connection as the policy sees it: after Service translation, before masquerading. An address that is a
 * pod's or a node's means that pod or node.
 */
export type Endpoint =
  | { readonly kind: 'pod'; readonly namespace: string; readonly name: string }
  | {
      readonly kind: 'node'
      readonly name: string
      /** That packets carry, where it is none of the node's status: the gateway of its pods. */
      readonly address?: string
    }
  | { readonly kind: 'address'; readonly address: string }

/** `other`: any protocol without ports that a policy could name. */
export type PolicyProtocol = 'tcp' | 'udp' | 'sctp' | 'icmp' | 'other'

/** One connection that is asked about. */
export interface Question {
  readonly from: Endpoint
  readonly to: Endpoint
  readonly protocol: PolicyProtocol
  /** 1 to 65535, of the destination pod; needed for tcp, udp and sctp. */
  readonly port?: number
  /** Of the addresses that the packets carry. Default: the first that both ends have. */
  readonly family?: 'ipv4' | 'ipv6'
  /** The connection was made to a Service and translated. Matters for a pod that reaches itself. Default false. */
  readonly throughService?: boolean
}

/** As seen from the pod that is policed: what it sends, or what it gets. */
export type Direction = 'egress' | 'ingress'

/** The answer to a question: allowed where both directions are. */
export interface PolicyVerdict {
  readonly allowed: boolean
  /** Both are always asked, even where the first one denies. */
  readonly egress: DirectionVerdict
  readonly ingress: DirectionVerdict
  /** One sentence: what decided. */
  readonly reason: string
}

/** What the policies of one end say: of the source for egress, of the destination for ingress. */
export interface DirectionVerdict {
  readonly direction: Direction
  readonly allowed: boolean
  /** The tiers in the order in which they were asked; the last one decided. */
  readonly steps: readonly PolicyStep[]
  /** Two policies of the same tier and priority disagree; the text names them. */
  readonly ambiguous?: string
}

/** One tier that was asked, and what it said. */
export interface PolicyStep {
  /** `Exempt`: no policy applies (no pod, own node, self …). `Default`: nothing decided, so it is allowed. */
  readonly tier: 'Exempt' | 'Admin' | 'NetworkPolicy' | 'Baseline' | 'Default'
  readonly outcome: 'Allow' | 'Deny' | 'Pass' | 'No-Op'
  /** The rule that decided. NetworkPolicy isolation that no rule allows has none; `selecting` then names who isolates. */
  readonly rule?: PolicyRuleRef
  /** NetworkPolicy tier: the policies that select the pod for this direction, `namespace/name`, sorted. */
  readonly selecting?: readonly string[]
  readonly reason: string
}

/** Where a rule is written. */
export interface PolicyRuleRef {
  readonly kind: 'NetworkPolicy' | 'ClusterNetworkPolicy'
  /** `namespace/name` or `name`. */
  readonly policy: string
  readonly direction: Direction
  /** From 0, as in the object. */
  readonly index: number
  /** ClusterNetworkPolicy rules may have one. */
  readonly name?: string
}

/** Another value of one option that would flip the verdict. */
export interface Flip {
  readonly option: keyof PolicyOptions
  readonly value: string | boolean
  readonly allowed: boolean
}
