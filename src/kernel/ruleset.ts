/**
 * The model of an iptables ruleset: what `iptables-save -c` says, as plain immutable data. Proxies and policy
 * compilers produce it, the parser reads it from text, the printer writes it, the engine executes it.
 *
 * Chains are compared by identity when a ruleset is loaded over another: an update that touches one service makes
 * new objects for its chains only and shares the rest.
 */

export type Family = 'ipv4' | 'ipv6'
export type TableName = 'raw' | 'mangle' | 'nat' | 'filter' | 'security'
export type Protocol = 'tcp' | 'udp' | 'sctp'

export interface Ruleset {
  readonly family: Family
  /** Only the tables that exist; order is that of the dump. */
  readonly tables: ReadonlyMap<TableName, Table>
}

export interface Table {
  readonly name: TableName
  /** In any order; `chainsInOrder` gives that of iptables-save. */
  readonly chains: ReadonlyMap<string, Chain>
  /**
   * What this table is known to differ in from another one, as the author of both says: a loader that has `since`
   * loaded looks at these chains only. Without it all chains are compared.
   */
  readonly delta?: { readonly since: Table; readonly chains: ReadonlySet<string> }
}

export interface Chain {
  readonly name: string
  /** `null` for a user-defined chain. */
  readonly policy: 'ACCEPT' | 'DROP' | null
  readonly counters: Counters
  readonly rules: readonly Rule[]
}

export interface Counters {
  readonly packets: number
  readonly bytes: number
}

export const ZERO_COUNTERS: Counters = Object.freeze({ packets: 0, bytes: 0 })

export interface Rule {
  readonly header: RuleHeader
  readonly matches: readonly Match[]
  /** `null`: the rule only counts. */
  readonly target: Target | null
  readonly counters?: Counters
  /** Where the rule comes from; never printed and never compared. */
  readonly origin?: RuleOrigin
}

export interface RuleOrigin {
  readonly line?: number
  /** e.g. `{ services: '42', endpointslices: '57' }` */
  readonly resourceVersions?: Readonly<Record<string, string>>
  readonly policy?: PolicyOrigin
}

/** What a rule of a policy compiler says, for those who tell people why a packet was dropped. */
export interface PolicyOrigin {
  /**
   * `selects`: the policy is asked about the pod. `isolated`: policies were asked, and none of them allows it.
   * `spoofed`: the pod has no such address. `live`: an error about a connection that is denied by now.
   */
  readonly decision: 'selects' | 'Accept' | 'Deny' | 'Pass' | 'isolated' | 'spoofed' | 'live'
  readonly direction?: 'egress' | 'ingress'
  /** The packet is a reply: the connection was begun by its destination. */
  readonly reply?: true
  readonly kind?: 'NetworkPolicy' | 'ClusterNetworkPolicy'
  /** `namespace/name` or `name`. */
  readonly policy?: string
  /** From 0, as in the object, and its name. */
  readonly rule?: number
  readonly ruleName?: string
}

/** An address with a mask. `mask` is set only when it is not a prefix (`-s 10.0.0.1/255.0.255.0`). */
export interface Network {
  /** Canonical text, already masked: what iptables-save prints before the slash. */
  readonly address: string
  readonly prefixLength: number
  readonly mask?: string
}

export interface Not<T> {
  readonly value: T
  readonly not?: boolean
}

/** What struct ipt_ip / ip6t_ip6 holds: the part of a rule that is tested before any match. */
export interface RuleHeader {
  readonly source?: Not<Network>
  readonly destination?: Not<Network>
  /** Interface name; a trailing `+` matches by prefix. */
  readonly inInterface?: Not<string>
  readonly outInterface?: Not<string>
  /** Name as iptables-save prints it (`tcp`, `udp`, `sctp`, `icmp`, `ipv6-icmp`, `esp`, … or a number as text). */
  readonly protocol?: Not<string>
  /** IPv4 only: `-f`, second and later fragments. */
  readonly fragment?: { readonly not?: boolean }
}

export interface PortRange {
  readonly from: number
  readonly to: number
}

export type ConntrackState = 'INVALID' | 'NEW' | 'ESTABLISHED' | 'RELATED' | 'UNTRACKED' | 'SNAT' | 'DNAT'
export type ConntrackStatus = 'NONE' | 'EXPECTED' | 'SEEN_REPLY' | 'ASSURED' | 'CONFIRMED'
/** RTN_* of include/uapi/linux/rtnetlink.h, in the order of the kernel's bits, which is that of printing. */
export const ADDRESS_TYPES = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
] as const

export type AddressType = (typeof ADDRESS_TYPES)[number]

export type Match =
  | {
      readonly kind: 'tcp'
      readonly sourcePort?: Not<PortRange>
      readonly destinationPort?: Not<PortRange>
      /** Bit masks of the TCP flag byte (FIN 1 … URG 32). `--syn` is mask SYN,RST,ACK,FIN compare SYN. */
      readonly flags?: Not<{ readonly mask: number; readonly compare: number }>
      readonly option?: Not<number>
    }
  | {
      readonly kind: 'udp'
      readonly sourcePort?: Not<PortRange>
      readonly destinationPort?: Not<PortRange>
    }
  | {
      readonly kind: 'sctp'
      readonly sourcePort?: Not<PortRange>
      readonly destinationPort?: Not<PortRange>
      readonly chunks?: Not<{
        readonly scope: 'any' | 'all' | 'only'
        readonly types: readonly SctpChunkTest[]
      }>
    }
  | {
      readonly kind: 'icmp' | 'icmp6'
      /** `type: 255` is `any` (icmp only). `code` undefined: every code. */
      readonly icmpType: Not<{ readonly type: number; readonly code?: number }>
    }
  | {
      readonly kind: 'multiport'
      readonly direction: 'source' | 'destination' | 'either'
      readonly ports: readonly PortRange[]
      readonly not?: boolean
    }
  | {
      readonly kind: 'conntrack'
      readonly ctstate?: Not<readonly ConntrackState[]>
      readonly ctstatus?: Not<readonly ConntrackStatus[]>
      readonly ctproto?: Not<string>
      readonly ctorigsrc?: Not<Network>
      readonly ctorigdst?: Not<Network>
      readonly ctreplsrc?: Not<Network>
      readonly ctrepldst?: Not<Network>
      readonly ctorigsrcport?: Not<PortRange>
      readonly ctorigdstport?: Not<PortRange>
      readonly ctreplsrcport?: Not<PortRange>
      readonly ctrepldstport?: Not<PortRange>
      readonly ctexpire?: Not<PortRange>
      readonly ctdir?: 'ORIGINAL' | 'REPLY'
    }
  | { readonly kind: 'state'; readonly state: Not<readonly ConntrackState[]> }
  | {
      readonly kind: 'mark' | 'connmark'
      readonly mark: Not<{ readonly value: number; readonly mask: number }>
    }
  | { readonly kind: 'comment'; readonly comment: string }
  | {
      readonly kind: 'statistic'
      /** `probability` as the kernel keeps it: an integer of 2^31ths. */
      readonly mode: Not<
        | { readonly kind: 'random'; readonly probability: number }
        | { readonly kind: 'nth'; readonly every: number; readonly packet: number }
      >
    }
  | {
      readonly kind: 'recent'
      readonly command: 'set' | 'rcheck' | 'update' | 'remove'
      readonly not?: boolean
      readonly name: string
      readonly side: 'rsource' | 'rdest'
      readonly mask: string
      readonly seconds?: number
      readonly hitcount?: number
      readonly reap?: boolean
      readonly rttl?: boolean
    }
  | {
      readonly kind: 'addrtype'
      readonly srcType?: Not<readonly AddressType[]>
      readonly dstType?: Not<readonly AddressType[]>
      readonly limitIface?: 'in' | 'out'
    }
  | {
      readonly kind: 'physdev'
      readonly physdevIn?: Not<string>
      readonly physdevOut?: Not<string>
      readonly isIn?: { readonly not?: boolean }
      readonly isOut?: { readonly not?: boolean }
      readonly isBridged?: { readonly not?: boolean }
    }
  | {
      readonly kind: 'set'
      readonly matchSet: Not<string>
      /** One direction a dimension of the set. */
      readonly directions: readonly ('src' | 'dst')[]
      readonly returnNomatch?: boolean
      readonly updateCounters?: Not<true>
      readonly updateSubcounters?: Not<true>
      readonly packets?: Not<{ readonly op: 'eq' | 'lt' | 'gt'; readonly value: number }>
      readonly bytes?: Not<{ readonly op: 'eq' | 'lt' | 'gt'; readonly value: number }>
    }
  | {
      readonly kind: 'limit'
      /** As the kernel keeps it: 10000ths of a second between packets on average. */
      readonly avg: number
      readonly burst: number
    }
  | {
      readonly kind: 'iprange'
      readonly srcRange?: Not<{ readonly from: string; readonly to: string }>
      readonly dstRange?: Not<{ readonly from: string; readonly to: string }>
    }
  | {
      readonly kind: 'owner'
      readonly uid?: Not<PortRange>
      readonly gid?: Not<PortRange>
      readonly socketExists?: { readonly not?: boolean }
    }
  | { readonly kind: 'nfacct'; readonly name: string }
  | { readonly kind: 'tos'; readonly tos: Not<{ readonly value: number; readonly mask: number }> }
  | { readonly kind: 'dscp'; readonly dscp: Not<number> }
  | { readonly kind: 'ttl' | 'hl'; readonly op: 'eq' | 'ne' | 'lt' | 'gt'; readonly value: number }
  | { readonly kind: 'length'; readonly length: Not<PortRange> }
  | { readonly kind: 'pkttype'; readonly pkttype: Not<'unicast' | 'broadcast' | 'multicast'> }
  | {
      readonly kind: 'rpfilter'
      readonly loose?: boolean
      readonly validMark?: boolean
      readonly acceptLocal?: boolean
      readonly invert?: boolean
    }
  | UnknownExtension

export interface SctpChunkTest {
  readonly type: number
  readonly flags?: { readonly mask: number; readonly compare: number }
}

/** An extension that is not modelled: kept as written, and a packet that reaches it gets the verdict `unknown`. */
export interface UnknownExtension {
  readonly kind: 'unknown'
  readonly name: string
  /** Its arguments, verbatim, without `-m NAME` or `-j NAME`. */
  readonly text: string
}

export interface NatRange {
  readonly addresses?: { readonly from: string; readonly to: string }
  readonly ports?: PortRange
  readonly random?: boolean
  readonly randomFully?: boolean
  readonly persistent?: boolean
}

export type RejectWith =
  | 'icmp-net-unreachable'
  | 'icmp-host-unreachable'
  | 'icmp-proto-unreachable'
  | 'icmp-port-unreachable'
  | 'icmp-net-prohibited'
  | 'icmp-host-prohibited'
  | 'icmp-admin-prohibited'
  | 'tcp-reset'
  | 'icmp6-no-route'
  | 'icmp6-adm-prohibited'
  | 'icmp6-addr-unreachable'
  | 'icmp6-port-unreachable'
  | 'icmp6-policy-fail'
  | 'icmp6-reject-route'

export type Target =
  | { readonly kind: 'ACCEPT' | 'DROP' | 'RETURN' | 'NOTRACK' | 'TRACE' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'REJECT'; readonly rejectWith: RejectWith }
  | { readonly kind: 'MARK'; readonly value: number; readonly mask: number /* --set-xmark value/mask */ }
  | {
      readonly kind: 'CONNMARK'
      readonly mode: 'set' | 'save' | 'restore'
      readonly value: number
      readonly ctmask: number
      readonly nfmask: number
      /** CONNMARK revision 2: the mark is shifted before it is stored. */
      readonly shift?: { readonly direction: 'left' | 'right'; readonly bits: number }
    }
  | { readonly kind: 'DNAT' | 'SNAT'; readonly range: NatRange }
  | { readonly kind: 'MASQUERADE' | 'REDIRECT'; readonly range: NatRange }
  | { readonly kind: 'LOG'; readonly options: string }
  | { readonly kind: 'NFLOG'; readonly options: string }
  | {
      readonly kind: 'CT'
      readonly notrack?: boolean
      readonly zone?: number
      readonly zoneSide?: 'orig' | 'reply'
    }
  | { readonly kind: 'TCPMSS'; readonly mss: number | 'clamp-mss-to-pmtu' }
  | { readonly kind: 'TTL' | 'HL'; readonly op: 'set' | 'inc' | 'dec'; readonly value: number }
  | { readonly kind: 'TOS'; readonly value: number; readonly mask: number /* --set-tos value/mask */ }
  | { readonly kind: 'DSCP'; readonly value: number }
  | {
      readonly kind: 'SET'
      readonly operation: 'add' | 'del'
      readonly set: string
      readonly directions: readonly ('src' | 'dst')[]
      readonly exist?: boolean
      readonly timeout?: number
    }
  | UnknownExtension
