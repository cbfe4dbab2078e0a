// Why a packet ended where it did: one code a drop. The names people read are on the host side
// (src/engine/reasons.ts); where Linux has a drop reason (include/net/dropreason-core.h) the name follows it.

export const REASON_NONE = 0
/** The frame is shorter than its headers say, or has no valid header. */
export const REASON_IP_INHDR = 1
export const REASON_IP_CSUM = 2
export const REASON_PKT_TOO_SMALL = 3
export const REASON_OTHERHOST = 4
/** An EtherType nobody handles here. */
export const REASON_UNHANDLED_ETHERTYPE = 5
export const REASON_LINK_DOWN = 6
export const REASON_NO_PEER = 7
export const REASON_DUMMY = 8
export const REASON_NETFILTER_DROP = 9
/** A rule the engine cannot evaluate: nothing is guessed. */
export const REASON_UNKNOWN_RULE = 10
export const REASON_IP_RPFILTER = 11
export const REASON_MARTIAN_SOURCE = 12
export const REASON_MARTIAN_DESTINATION = 13
export const REASON_IP_OUTNOROUTES = 14
export const REASON_IP_INNOROUTES = 15
export const REASON_ROUTE_BLACKHOLE = 16
export const REASON_ROUTE_UNREACHABLE = 17
export const REASON_ROUTE_PROHIBIT = 18
export const REASON_TTL_EXPIRED = 19
export const REASON_PKT_TOO_BIG = 20
/** This namespace does not forward. */
export const REASON_NOT_FORWARDING = 21
export const REASON_NEIGH_FAILED = 22
export const REASON_NEIGH_QUEUEFULL = 23
export const REASON_NO_SOCKET = 24
export const REASON_TCP_CSUM = 25
export const REASON_UDP_CSUM = 26
export const REASON_ICMP_CSUM = 27
export const REASON_UNHANDLED_PROTO = 28
export const REASON_FRAG_REASM_TIMEOUT = 29
export const REASON_FRAG_BAD = 30
export const REASON_DUP_FRAG = 31
/** No packet buffer was free. */
export const REASON_NOMEM = 32
export const REASON_IP_OPTIONS = 33
export const REASON_UNICAST_IN_L2_MULTICAST = 34
export const REASON_IPV6_DISABLED = 35
export const REASON_INADDRERRORS = 36
export const REASON_TCP_INVALID = 37
export const REASON_ICMP_IGNORED = 38
export const REASON_CONNTRACK_DROP = 39
/** An ARP or NDP message that is wrong or not for us. */
export const REASON_NEIGH_INVALID = 40
/** Handed to a socket: not a drop. */
export const REASON_DELIVERED = 41
/** Taken by the namespace itself (ARP, NDP, a reassembly that goes on): not a drop. */
export const REASON_CONSUMED = 42
export const REASON_COUNT = 43
