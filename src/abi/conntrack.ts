// A conntrack entry and its table: what `struct nf_conn` and nf_conntrack_hash are in Linux
// (include/net/netfilter/nf_conntrack.h). One entry serves both directions and both families. Addresses and ports in
// network byte order, everything else little-endian host order.
//
// A key is 48 bytes so that three v128 compares decide: the tuple of src/abi/tuple.ts, whose padding holds the
// namespace's number, then the zone of that direction and the key's own hash.
//
//     0                                38      40     44     48
//     | tuple (src dst ports proto l3) | netns | zone | hash |
//
// The entry is three cache lines. The first holds what a packet in the original direction needs, the second the
// reply key, the third the protocol's state.
//
//     0                    48       52     56          64
//     | original key       | status | mark | expires   |
//     64                   112              120    122    124     128
//     | reply key          | bysource n, p  | refs | masq | serial |
//     128                                                188   192
//     | protocol state (TCP, SCTP, UDP)                  | net |

import { TUPLE_PAD, TUPLE_SIZE } from './tuple.ts'

export const CT_KEY_NETNS = TUPLE_PAD
/** Zone id of this direction (u32, host order): 0 for the default zone and for a direction the zone does not cover. */
export const CT_KEY_ZONE = TUPLE_SIZE
export const CT_KEY_HASH = CT_KEY_ZONE + 4
export const CT_KEY_SIZE = CT_KEY_HASH + 4

export const CT_ORIGINAL = 0
/** IPS_* bits (u32). */
export const CT_STATUS = CT_ORIGINAL + CT_KEY_SIZE
export const CT_MARK = CT_STATUS + 4
/** Virtual µs since the epoch at which the entry is dead (u64); while unconfirmed: µs to live after confirmation. */
export const CT_EXPIRES = CT_MARK + 4
export const CT_REPLY = CT_EXPIRES + 8
/** Distance from the key of one direction to the other's. */
export const CT_DIRECTION_STRIDE = CT_REPLY - CT_ORIGINAL
/** Chain of nf_nat_bysource: entry addresses, 0 ends. In a free entry NEXT links the free list. */
export const CT_BYSOURCE_NEXT = CT_REPLY + CT_KEY_SIZE
export const CT_BYSOURCE_PREV = CT_BYSOURCE_NEXT + 4
/** Holders (u16): the table while confirmed, and every packet that carries the entry. */
export const CT_REFS = CT_BYSOURCE_PREV + 4
/** Interface index a masquerade was set up for (u16), 0 for none. */
export const CT_MASQ_INDEX = CT_REFS + 2
/** Order of confirmation (u32, from 1), 0 while unconfirmed. */
export const CT_SERIAL = CT_MASQ_INDEX + 2
export const CT_PROTO = CT_SERIAL + 4
export const CT_PROTO_SIZE = 60
/** Address of the namespace's conntrack block (CTNET_*). */
export const CT_NET = CT_PROTO + CT_PROTO_SIZE
export const CT_SIZE = CT_NET + 4

// Protocol state, TCP. What each side has shown of itself (struct ip_ct_tcp_state), then the state and the memory of
// the last segment.
//
//     128                  148                  168 169   170   171     172      176      180      184     186    187
//     | seen by original   | seen by reply      | st|lastd|lasti|retrans|last_seq|last_ack|last_end|last_win|wscale|flags|

export const CT_TCP_SEEN = CT_PROTO
export const SEEN_END = 0
export const SEEN_MAXEND = SEEN_END + 4
export const SEEN_MAXWIN = SEEN_MAXEND + 4
export const SEEN_MAXACK = SEEN_MAXWIN + 4
export const SEEN_SCALE = SEEN_MAXACK + 4
export const SEEN_FLAGS = SEEN_SCALE + 1
export const SEEN_SIZE = SEEN_FLAGS + 3
export const CT_TCP_STATE = CT_TCP_SEEN + SEEN_SIZE + SEEN_SIZE
export const CT_TCP_LAST_DIR = CT_TCP_STATE + 1
export const CT_TCP_LAST_INDEX = CT_TCP_LAST_DIR + 1
export const CT_TCP_RETRANS = CT_TCP_LAST_INDEX + 1
export const CT_TCP_LAST_SEQ = CT_TCP_RETRANS + 1
export const CT_TCP_LAST_ACK = CT_TCP_LAST_SEQ + 4
export const CT_TCP_LAST_END = CT_TCP_LAST_ACK + 4
export const CT_TCP_LAST_WIN = CT_TCP_LAST_END + 4
export const CT_TCP_LAST_WSCALE = CT_TCP_LAST_WIN + 2
export const CT_TCP_LAST_FLAGS = CT_TCP_LAST_WSCALE + 1

// Protocol state, UDP: after this moment (virtual µs, u64) a flow seen both ways is a stream.

export const CT_UDP_STREAM_TS = CT_PROTO

// Protocol state, SCTP. Verification tags by direction in network order; the state byte is where TCP's is.

export const CT_SCTP_VTAG = CT_PROTO
export const CT_SCTP_STATE = CT_TCP_STATE
export const CT_SCTP_LAST_DIR = CT_SCTP_STATE + 1
export const CT_SCTP_FLAGS = CT_SCTP_LAST_DIR + 1
/** Two bytes, by direction: an INIT has been seen. */
export const CT_SCTP_INIT = CT_SCTP_FLAGS + 1

// A template (CT target with a zone) is an entry of its own with IPS_TEMPLATE and nothing but these.

/** Zone id (u16). */
export const CT_TEMPLATE_ZONE = CT_PROTO
/** Directions the zone covers: bit 0 original, bit 1 reply; 3 is the default, both. */
export const CT_TEMPLATE_DIR = CT_TEMPLATE_ZONE + 2
/** 1: the zone id is the packet's mark (`--zone mark`). */
export const CT_TEMPLATE_MARK = CT_TEMPLATE_DIR + 1

// enum ip_conntrack_info, values of SKB_CTINFO.

export const IP_CT_ESTABLISHED = 0
export const IP_CT_RELATED = 1
export const IP_CT_NEW = 2
export const IP_CT_IS_REPLY = 3
export const IP_CT_ESTABLISHED_REPLY = 3
export const IP_CT_RELATED_REPLY = 4
export const IP_CT_UNTRACKED = 7

export const IP_CT_DIR_ORIGINAL = 0
export const IP_CT_DIR_REPLY = 1

// enum ip_conntrack_status.

export const IPS_EXPECTED = 0x1
export const IPS_SEEN_REPLY = 0x2
export const IPS_ASSURED = 0x4
export const IPS_CONFIRMED = 0x8
export const IPS_SRC_NAT = 0x10
export const IPS_DST_NAT = 0x20
export const IPS_NAT_MASK = IPS_SRC_NAT | IPS_DST_NAT
export const IPS_SEQ_ADJUST = 0x40
export const IPS_SRC_NAT_DONE = 0x80
export const IPS_DST_NAT_DONE = 0x100
export const IPS_NAT_DONE_MASK = IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE
export const IPS_DYING = 0x200
export const IPS_FIXED_TIMEOUT = 0x400
export const IPS_TEMPLATE = 0x800
/** The entry lost a clash in the original direction: it lives in the reply direction only (IPS_NAT_CLASH). */
export const IPS_NAT_CLASH = 0x1000

// enum tcp_conntrack, and the two timeouts that are not states.

export const TCP_CONNTRACK_NONE = 0
export const TCP_CONNTRACK_SYN_SENT = 1
export const TCP_CONNTRACK_SYN_RECV = 2
export const TCP_CONNTRACK_ESTABLISHED = 3
export const TCP_CONNTRACK_FIN_WAIT = 4
export const TCP_CONNTRACK_CLOSE_WAIT = 5
export const TCP_CONNTRACK_LAST_ACK = 6
export const TCP_CONNTRACK_TIME_WAIT = 7
export const TCP_CONNTRACK_CLOSE = 8
export const TCP_CONNTRACK_SYN_SENT2 = 9
export const TCP_CONNTRACK_MAX = 10
export const TCP_CONNTRACK_IGNORE = 11
/** Timeouts that are no state share the numbers behind the last one. */
export const TCP_TIMEOUT_RETRANS = 10
export const TCP_TIMEOUT_UNACK = 11
export const TCP_TIMEOUT_COUNT = 12

// What kind of segment it is, by the first of RST, SYN, FIN, ACK that is set (enum tcp_bit_set).

export const TCP_SYN_SET = 0
export const TCP_SYNACK_SET = 1
export const TCP_FIN_SET = 2
export const TCP_ACK_SET = 3
export const TCP_RST_SET = 4
export const TCP_NONE_SET = 5

// Flags of one side (SEEN_FLAGS), and two that only CT_TCP_LAST_FLAGS uses.

export const IP_CT_TCP_FLAG_WINDOW_SCALE = 0x1
export const IP_CT_TCP_FLAG_SACK_PERM = 0x2
export const IP_CT_TCP_FLAG_CLOSE_INIT = 0x4
export const IP_CT_TCP_FLAG_BE_LIBERAL = 0x8
export const IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED = 0x10
export const IP_CT_TCP_FLAG_MAXACK_SET = 0x20
export const IP_CT_EXP_CHALLENGE_ACK = 0x40
export const IP_CT_TCP_SIMULTANEOUS_OPEN = 0x80

// enum sctp_conntrack.

export const SCTP_CONNTRACK_NONE = 0
export const SCTP_CONNTRACK_CLOSED = 1
export const SCTP_CONNTRACK_COOKIE_WAIT = 2
export const SCTP_CONNTRACK_COOKIE_ECHOED = 3
export const SCTP_CONNTRACK_ESTABLISHED = 4
export const SCTP_CONNTRACK_SHUTDOWN_SENT = 5
export const SCTP_CONNTRACK_SHUTDOWN_RECD = 6
export const SCTP_CONNTRACK_SHUTDOWN_ACK_SENT = 7
export const SCTP_CONNTRACK_HEARTBEAT_SENT = 8
export const SCTP_CONNTRACK_MAX = 9

// The conntrack block of a namespace (NETNS_CT): all words u32 in host order. Timeouts are seconds.
//
//     0       4     8         12           16     20        24           28                32
//     | count | max | netns   | checksum   | ...  | liberal | loose      | max_retrans     | ignore_invalid_rst |
//     then the timeouts, then the counters of /proc/net/stat/nf_conntrack

export const CTNET_COUNT = 0
export const CTNET_MAX = CTNET_COUNT + 4
/** The namespace's number, as NETNS_ID. */
export const CTNET_NETNS_ID = CTNET_MAX + 4
export const CTNET_CHECKSUM = CTNET_NETNS_ID + 4
export const CTNET_TCP_BE_LIBERAL = CTNET_CHECKSUM + 4
export const CTNET_TCP_LOOSE = CTNET_TCP_BE_LIBERAL + 4
export const CTNET_TCP_MAX_RETRANS = CTNET_TCP_LOOSE + 4
export const CTNET_TCP_IGNORE_INVALID_RST = CTNET_TCP_MAX_RETRANS + 4
/** By TCP_CONNTRACK_* and TCP_TIMEOUT_*; word 0 (NONE) is never used. */
export const CTNET_TCP_TIMEOUTS = CTNET_TCP_IGNORE_INVALID_RST + 4
export const CTNET_UDP_TIMEOUT = CTNET_TCP_TIMEOUTS + 48
export const CTNET_UDP_TIMEOUT_STREAM = CTNET_UDP_TIMEOUT + 4
export const CTNET_ICMP_TIMEOUT = CTNET_UDP_TIMEOUT_STREAM + 4
export const CTNET_ICMPV6_TIMEOUT = CTNET_ICMP_TIMEOUT + 4
export const CTNET_GENERIC_TIMEOUT = CTNET_ICMPV6_TIMEOUT + 4
export const CTNET_GRE_TIMEOUT = CTNET_GENERIC_TIMEOUT + 4
export const CTNET_GRE_TIMEOUT_STREAM = CTNET_GRE_TIMEOUT + 4
/** By SCTP_CONNTRACK_*; word 0 is unused. */
export const CTNET_SCTP_TIMEOUTS = CTNET_GRE_TIMEOUT_STREAM + 4
export const CTNET_STAT_FOUND = CTNET_SCTP_TIMEOUTS + 36
export const CTNET_STAT_INVALID = CTNET_STAT_FOUND + 4
export const CTNET_STAT_INSERT = CTNET_STAT_INVALID + 4
export const CTNET_STAT_INSERT_FAILED = CTNET_STAT_INSERT + 4
export const CTNET_STAT_DROP = CTNET_STAT_INSERT_FAILED + 4
export const CTNET_STAT_EARLY_DROP = CTNET_STAT_DROP + 4
export const CTNET_STAT_ERROR = CTNET_STAT_EARLY_DROP + 4
export const CTNET_STAT_CLASH_RESOLVE = CTNET_STAT_ERROR + 4
export const CTNET_SIZE = 256

// The slab: chunks of 1 MiB, a 64-byte head and 5461 entries each. Byte 0 of the head is the next chunk's address.

export const CT_CHUNK_SIZE = 1048576
export const CT_CHUNK_HEAD = 64
export const CT_CHUNK_ENTRIES = 5461

// The index: slots of 8 bytes, a power of two of them, at most half of them full.
//
//     0      4                          8
//     | hash | key's address + direction |        an empty slot has 0 in the second word

export const CT_SLOT_HASH = 0
export const CT_SLOT_REF = 4
export const CT_SLOT_SIZE = 8

// How the host hands over entries to create in one go (ct_insert_batch): an original key's tuple, the reply's tuple,
// then what the entry starts with.
//
//     0               40           80     84       88     92
//     | original      | reply      | zone | status | mark | seconds to live |
//     96      100
//     | state | ... (up to CT_PRELOAD_SIZE)

export const CT_PRELOAD_ORIGINAL = 0
export const CT_PRELOAD_REPLY = CT_PRELOAD_ORIGINAL + TUPLE_SIZE
export const CT_PRELOAD_ZONE = CT_PRELOAD_REPLY + TUPLE_SIZE
export const CT_PRELOAD_STATUS = CT_PRELOAD_ZONE + 4
export const CT_PRELOAD_MARK = CT_PRELOAD_STATUS + 4
export const CT_PRELOAD_TIMEOUT = CT_PRELOAD_MARK + 4
/** TCP or SCTP state (u8). */
export const CT_PRELOAD_STATE = CT_PRELOAD_TIMEOUT + 4
export const CT_PRELOAD_SIZE = 104
