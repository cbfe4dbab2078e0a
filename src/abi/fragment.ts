// A datagram that is being put together: struct inet_frag_queue with its key. Its pieces are packet buffers in order
// of their offset, linked by SKB_NEXT. Words are host order, id and addresses as on the wire.
//
//     0      4       8    12     16              32              48
//     | next | netns | id | user | src           | dst           |
//    48         56     60     64    68     72      76      80 81  82  83   84   88     92
//     | deadline | head | tail | len | meat | maxsz | maxdf | f| pr| ecn| fl| iif| nhoff| link |

export const FRAGQ_NEXT = 0
export const FRAGQ_NETNS = 4
/** IPv4: the 16-bit identification; IPv6: that of the fragment header. */
export const FRAGQ_ID = 8
/** DEFRAG_*: who asked. Fragments of one datagram that are gathered at two places do not meet. */
export const FRAGQ_USER = 12
export const FRAGQ_SRC = 16
export const FRAGQ_DST = FRAGQ_SRC + 16
/** Virtual µs at which the queue is given up. */
export const FRAGQ_DEADLINE = FRAGQ_DST + 16
export const FRAGQ_HEAD = FRAGQ_DEADLINE + 8
export const FRAGQ_TAIL = FRAGQ_HEAD + 4
/** Bytes of payload: as far as is known until the last fragment has come. */
export const FRAGQ_LEN = FRAGQ_TAIL + 4
/** Bytes of payload that have come. */
export const FRAGQ_MEAT = FRAGQ_LEN + 4
/** Largest fragment (IPv4: with its header; IPv6: its payload length). */
export const FRAGQ_MAX_SIZE = FRAGQ_MEAT + 4
/** Largest fragment with DF set. */
export const FRAGQ_MAX_DF = FRAGQ_MAX_SIZE + 4
export const FRAGQ_FAMILY = FRAGQ_MAX_DF + 4
/** IPv4 only: part of the key. */
export const FRAGQ_PROTO = FRAGQ_FAMILY + 1
/** One bit an ECN codepoint that was seen: 1 << (tos & 3). */
export const FRAGQ_ECN = FRAGQ_PROTO + 1
export const FRAGQ_FLAGS = FRAGQ_ECN + 1
/** The link on which the latest fragment came. */
export const FRAGQ_IIF = FRAGQ_FLAGS + 1
/** IPv6: offset in the packet of the next-header byte that names the fragment header. */
export const FRAGQ_NHOFF = FRAGQ_IIF + 4
/** IPv6: the link, for link-local and multicast destinations; part of the key. */
export const FRAGQ_LINK = FRAGQ_NHOFF + 4
export const FRAGQ_SIZE = FRAGQ_LINK + 4

export const FRAGQ_F_FIRST_IN = 1
export const FRAGQ_F_LAST_IN = 2

/** Queues at a time, over all namespaces (Linux: 4 MiB of buffers a namespace). */
export const FRAGQ_COUNT = 1024
export const FRAGQ_BUCKETS = 256

/** enum ip_defrag_users; the zone is added to the conntrack users. */
export const DEFRAG_LOCAL_DELIVER = 0
export const DEFRAG_CONNTRACK_IN = 0x10000
export const DEFRAG_CONNTRACK_OUT = 0x20000
