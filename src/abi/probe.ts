// A connection attempt that the host asks for, and what became of it. The engine sends the attempt's first packet
// from the namespace's own stack and follows it and its answer through every namespace.
//
//    0       4                16    32    48      50      52      53                  60     64
//    | netns | family |       | src | dst | sport | dport | proto | flags |           | mark |
//    64        65      66       68      72        88            90         92           96
//    | verdict | reply | reason | where | backend | backendport| seenport | replywhere | seen source
//    112            128         130        131
//    | reply source | reply port| icmp type| code |        144
//
// in: netns (address), family, src (zero = chosen by the route), dst, ports in network order (sport 0 = chosen),
// protocol (6, 17, 132, 1, 58). out: the rest.

export const PROBE_NETNS = 0
export const PROBE_FAMILY = 4
export const PROBE_SRC = 16
export const PROBE_DST = PROBE_SRC + 16
export const PROBE_SPORT = PROBE_DST + 16
export const PROBE_DPORT = PROBE_SPORT + 2
export const PROBE_PROTO = PROBE_DPORT + 2
export const PROBE_MARK = 60
/** VERDICT_*. */
export const PROBE_VERDICT = 64
/** What the client saw: REPLY_*. */
export const PROBE_REPLY = PROBE_VERDICT + 1
/** REASON_* of the request's end, or of the reply's when the request was delivered. */
export const PROBE_REASON = PROBE_REPLY + 1
/** NETNS_ID of the namespace where the request was delivered or ended. */
export const PROBE_WHERE = PROBE_REASON + 2
/** Destination of the request as it arrived at its socket. */
export const PROBE_BACKEND = 72
export const PROBE_BACKEND_PORT = PROBE_BACKEND + 16
/** Source port of the request as it arrived. */
export const PROBE_SEEN_PORT = PROBE_BACKEND_PORT + 2
/** NETNS_ID of the namespace where the reply ended. */
export const PROBE_REPLY_WHERE = PROBE_SEEN_PORT + 2
/** Source of the request as it arrived at its socket. */
export const PROBE_SEEN_SRC = 96
/** Source of the answer as the client sees it, and its port. */
export const PROBE_REPLY_SRC = PROBE_SEEN_SRC + 16
export const PROBE_REPLY_PORT = PROBE_REPLY_SRC + 16
/** ICMP type and code of an error the client got. */
export const PROBE_ICMP_TYPE = PROBE_REPLY_PORT + 2
export const PROBE_ICMP_CODE = PROBE_ICMP_TYPE + 1
export const PROBE_SIZE = 144

export const PROBE_VERDICT_PENDING = 0
export const PROBE_VERDICT_DELIVERED = 1
export const PROBE_VERDICT_DROPPED = 2
export const PROBE_VERDICT_REJECTED = 3
export const PROBE_VERDICT_UNKNOWN = 4

export const PROBE_REPLY_NONE = 0
/** SYN-ACK, a UDP answer, an echo reply. */
export const PROBE_REPLY_ANSWER = 1
export const PROBE_REPLY_RESET = 2
export const PROBE_REPLY_ICMP = 3

/** Role in SKB_PROBE: the packet is the probe's request, or something that answers it. */
export const PROBE_REQUEST = 1
export const PROBE_ANSWER = 2
export const PROBE_ROLE_MASK = 3
/** SKB_PROBE: number of the attempt above the role. */
export const PROBE_NUMBER_SHIFT = 2
