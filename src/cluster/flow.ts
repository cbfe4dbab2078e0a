/** What a connection attempt answers: the shape of `podwire trace -o json`. Field names are a promise. */

import type { PolicyOrigin } from '../kernel/ruleset.ts'

/** `unknown`: the packet met a rule that could not be evaluated, and nothing is guessed. */
export type Verdict = 'delivered' | 'dropped' | 'rejected' | 'unknown'

export interface Flow {
  readonly verdict: Verdict
  /** One sentence: what decided it. */
  readonly reason: string
  readonly proxyMode: ProxyMode
  /** Who got the request, when it was a pod. */
  readonly backend?: Backend
  /** The request as the client sent it. ICMP has no ports: both are 0. */
  readonly request: Endpoints & { readonly protocol: string }
  readonly hops: readonly Hop[]
  /** What came back, as the client sees it. */
  readonly reply: Reply
  /** The newest version of each kind of object that the rules met were built from. */
  readonly resourceVersions: Readonly<Record<string, string>>
}

export type ProxyMode = 'iptables' | 'ipvs' | 'nftables' | 'ebpf'

export interface Backend {
  readonly pod: string
  readonly ip: string
  readonly port: number
}

export interface Endpoints {
  readonly src: string
  readonly dst: string
  readonly sport: number
  readonly dport: number
}

/** One step of a packet: a rule that matched, a policy, a rewrite, a route, a delivery. */
export interface Hop {
  readonly netns: string
  /** Absent where no netfilter hook is concerned: arrival at a socket, a missing route. */
  readonly hook?: string
  readonly table?: string
  readonly chain?: string
  /** The number of the rule in its chain, from 1, as `iptables -L --line-numbers` counts. */
  readonly rule?: number
  /** The rule as iptables-save prints it, or what happened. */
  readonly text: string
  /** `jump CHAIN`, `ACCEPT`, `DROP`, `DNAT to …`, `forward via …`, `delivered` … */
  readonly verdict: string
  readonly direction: 'request' | 'reply'
  /** The packet after this step. */
  readonly packet: Endpoints & { readonly mark: number }
  readonly resourceVersions?: Readonly<Record<string, string>>
  /** Where the rule is a network policy's: what it says. */
  readonly policy?: PolicyOrigin
}

export interface Reply {
  readonly verdict: Verdict
  readonly src?: string
  readonly dst?: string
  readonly reason?: string
}
