// Match records: what follows a rule's header test, one after another, in the order of the rule.
//
//     0      2        4
//     | type | length | data …
//
// `length` counts the whole record and is a multiple of four. Ports of ranges are host order, addresses 16 bytes
// (IPv4 mapped), pointers addresses in linear memory. Words marked `live` change as packets pass.

export const MATCH_TYPE = 0
export const MATCH_LENGTH = 2
export const MATCH_DATA = 4

/** src[16] smask[16] dst[16] dmask[16]; inverted by RULE_F_NOT_SRC6 and RULE_F_NOT_DST6 of the rule. */
export const MATCH_ADDRESS6 = 1
export const MATCH_INTERFACE = 2
export const MATCH_TCP = 3
export const MATCH_UDP = 4
export const MATCH_SCTP = 5
export const MATCH_ICMP = 6
export const MATCH_ICMP6 = 7
export const MATCH_MULTIPORT = 8
export const MATCH_CONNTRACK = 9
/** The common case of conntrack and all of state: only the state mask. */
export const MATCH_CTSTATE = 10
export const MATCH_MARK = 11
export const MATCH_CONNMARK = 12
export const MATCH_RANDOM = 13
export const MATCH_NTH = 14
export const MATCH_RECENT = 15
export const MATCH_ADDRTYPE = 16
export const MATCH_PHYSDEV = 17
export const MATCH_SET = 18
export const MATCH_LIMIT = 19
export const MATCH_IPRANGE = 20
export const MATCH_OWNER = 21
export const MATCH_NFACCT = 22
export const MATCH_TOS = 23
export const MATCH_TTL = 24
export const MATCH_LENGTH_RANGE = 25
export const MATCH_PKTTYPE = 26
export const MATCH_RPFILTER = 27
export const MATCH_UNKNOWN = 28
/** IPv6: the protocol at the end of the header chain; a chain that leads nowhere drops the packet. */
export const MATCH_PROTOCOL6 = 29

//     4     20      36    52      68
//     | src | smask | dst | dmask |
export const ADDRESS6_SRC = 4
export const ADDRESS6_SRC_MASK = 20
export const ADDRESS6_DST = 36
export const ADDRESS6_DST_MASK = 52
export const ADDRESS6_SIZE = 68

//     4       5     8
//     | proto | not |
export const PROTOCOL6_PROTO = 4
export const PROTOCOL6_NOT = 5
export const PROTOCOL6_SIZE = 8

//     4       8          24       40          56        72
//     | flags | in [16]  | inmask | out [16]  | outmask |
export const INTERFACE_FLAGS = 4
export const INTERFACE_IN = 8
export const INTERFACE_IN_MASK = 24
export const INTERFACE_OUT = 40
export const INTERFACE_OUT_MASK = 56
export const INTERFACE_SIZE = 72
export const INTERFACE_F_NOT_IN = 1
export const INTERFACE_F_NOT_OUT = 2

// tcp, udp and the ports of sctp:
//     4        6        8        10       12     13    14       15    16
//     | sport0 | sport1 | dport0 | dport1 | mask | cmp | option | inv |
export const PORTS_SRC_MIN = 4
export const PORTS_SRC_MAX = 6
export const PORTS_DST_MIN = 8
export const PORTS_DST_MAX = 10
export const TCP_FLAG_MASK = 12
export const TCP_FLAG_COMPARE = 13
/** TCP option kind, 0 = not asked for. */
export const TCP_OPTION = 14
export const PORTS_INVERT = 15
export const PORTS_SIZE = 16
export const PORTS_NOT_SRC = 1
export const PORTS_NOT_DST = 2
export const TCP_NOT_FLAGS = 4
export const TCP_NOT_OPTION = 8

//     16      17      18             20         52
//     | scope | tests | inv | given  | map [32] | tests × (type, mask, compare, 0)
export const SCTP_SCOPE = 16
export const SCTP_TESTS = 17
export const SCTP_INVERT = 18
/** The parts that were given: SCTP_SRC | SCTP_DST | SCTP_CHUNKS. */
export const SCTP_GIVEN = 19
export const SCTP_MAP = 20
export const SCTP_TEST = 52
export const SCTP_TEST_SIZE = 4
export const SCTP_SRC = 1
export const SCTP_DST = 2
export const SCTP_CHUNKS = 4
export const SCTP_SCOPE_ANY = 0
export const SCTP_SCOPE_ALL = 1
export const SCTP_SCOPE_ONLY = 2

//     4      5       6       7     8
//     | type | code0 | code1 | not |
export const ICMP_TYPE = 4
export const ICMP_CODE_MIN = 5
export const ICMP_CODE_MAX = 6
export const ICMP_NOT = 7
export const ICMP_SIZE = 8
/** `--icmp-type any`. */
export const ICMP_TYPE_ANY = 255

//     4           5     6       8
//     | direction | not | count | (min, max: u16) × count
export const MULTIPORT_DIRECTION = 4
export const MULTIPORT_NOT = 5
export const MULTIPORT_COUNT = 6
export const MULTIPORT_RANGES = 8
export const MULTIPORT_SOURCE = 0
export const MULTIPORT_DESTINATION = 1
export const MULTIPORT_EITHER = 2

//     4       6        8       10       12      13                16
//     | given | invert | state | status | proto | 0               |
//     16                                            32        36        40
//     | origsrc, origdst, replsrc, repldst: min max | expire0 | expire1 |
//     40
//     | (address[16], mask[16]) × origsrc, origdst, replsrc, repldst | 168
export const CONNTRACK_GIVEN = 4
export const CONNTRACK_INVERT = 6
export const CONNTRACK_STATES = 8
export const CONNTRACK_STATUS = 10
export const CONNTRACK_PROTO = 12
export const CONNTRACK_PORTS = 16
export const CONNTRACK_EXPIRE_MIN = 32
export const CONNTRACK_EXPIRE_MAX = 36
export const CONNTRACK_ADDRESSES = 40
export const CONNTRACK_SIZE = CONNTRACK_ADDRESSES + 4 * 32
export const CONNTRACK_F_STATE = 1
export const CONNTRACK_F_PROTO = 2
export const CONNTRACK_F_ORIGSRC = 4
export const CONNTRACK_F_ORIGDST = 8
export const CONNTRACK_F_REPLSRC = 16
export const CONNTRACK_F_REPLDST = 32
export const CONNTRACK_F_STATUS = 64
export const CONNTRACK_F_EXPIRE = 128
export const CONNTRACK_F_ORIGSRC_PORT = 256
export const CONNTRACK_F_ORIGDST_PORT = 512
export const CONNTRACK_F_REPLSRC_PORT = 1024
export const CONNTRACK_F_REPLDST_PORT = 2048
export const CONNTRACK_F_DIRECTION = 4096
/** Bits of the state mask: 1 << (ctinfo % IP_CT_IS_REPLY + 1), INVALID 1, then the kernel's own. */
export const CTSTATE_INVALID = 1
export const CTSTATE_ESTABLISHED = 2
export const CTSTATE_RELATED = 4
export const CTSTATE_NEW = 8
export const CTSTATE_SNAT = 64
export const CTSTATE_DNAT = 128
export const CTSTATE_UNTRACKED = 256

//     4      6     8
//     | mask | not |
export const CTSTATE_MASK = 4
export const CTSTATE_NOT = 6
export const CTSTATE_SIZE = 8

//     4     8       12     16
//     | not | value | mask |
export const MARK_NOT = 4
export const MARK_VALUE = 8
export const MARK_MASK = 12
export const MARK_SIZE = 16

//     4     8             12
//     | not | probability |          of 2^31
export const RANDOM_NOT = 4
export const RANDOM_PROBABILITY = 8
export const RANDOM_SIZE = 12

//     4     8       12           16      20
//     | not | every | count live | start |   every is one less than written, as in the kernel
export const NTH_NOT = 4
export const NTH_EVERY = 8
export const NTH_COUNT = 12
export const NTH_START = 16
export const NTH_SIZE = 20

// `list` is the address of a handle: a word that holds the list's address (recent.ts).
//     4         5     6      7       8      12        16         20
//     | command | not | side | flags | list | seconds | hitcount |
export const RECENT_COMMAND = 4
export const RECENT_NOT = 5
export const RECENT_SIDE = 6
export const RECENT_FLAGS = 7
export const RECENT_LIST = 8
export const RECENT_SECONDS = 12
export const RECENT_HITCOUNT = 16
export const RECENT_SIZE = 20
export const RECENT_SET = 0
export const RECENT_CHECK = 1
export const RECENT_UPDATE = 2
export const RECENT_REMOVE = 3
export const RECENT_SIDE_SOURCE = 0
export const RECENT_SIDE_DEST = 1
export const RECENT_F_REAP = 1
export const RECENT_F_TTL = 2

//     4     6     8       12
//     | src | dst | flags |          masks of 1 << RTN_*
export const ADDRTYPE_SRC = 4
export const ADDRTYPE_DST = 6
export const ADDRTYPE_FLAGS = 8
export const ADDRTYPE_SIZE = 12
export const ADDRTYPE_F_NOT_SRC = 1
export const ADDRTYPE_F_NOT_DST = 2
export const ADDRTYPE_F_LIMIT_IN = 4
export const ADDRTYPE_F_LIMIT_OUT = 8

//     4         8
//     | matches |    what every routed (never bridged) packet gets
export const PHYSDEV_MATCHES = 4
export const PHYSDEV_SIZE = 8

//     4     8        16
//     | set | flags …
export const SET_POINTER = 4
/** Bits 0..: 1 = `src` for dimension 0, 2 = for dimension 1, 4 = for dimension 2. */
export const SET_SOURCES = 8
export const SET_DIMENSIONS = 9
export const SET_NOT = 10
export const SET_FLAGS = 12
/** Operators of packets and bytes: SET_OP_*, then the u64 values. */
export const SET_PACKETS_OP = 16
export const SET_BYTES_OP = 17
export const SET_PACKETS = 20
export const SET_BYTES = 28
export const SET_SIZE = 36
export const SET_F_RETURN_NOMATCH = 1
export const SET_F_SKIP_COUNTERS = 2
export const SET_F_SKIP_SUBCOUNTERS = 4
export const SET_OP_NONE = 0
export const SET_OP_EQ = 1
export const SET_OP_NE = 2
export const SET_OP_LT = 3
export const SET_OP_GT = 4

//     4      8     12            16           24
//     | cost | cap | credit live | prev live  |    credits; prev in jiffies (u64)
export const LIMIT_COST = 4
export const LIMIT_CAP = 8
export const LIMIT_CREDIT = 12
export const LIMIT_PREV = 16
export const LIMIT_SIZE = 24

//     4       8        24       40       56       72
//     | flags | srcmin | srcmax | dstmin | dstmax |
export const IPRANGE_FLAGS = 4
export const IPRANGE_SRC_MIN = 8
export const IPRANGE_SRC_MAX = 24
export const IPRANGE_DST_MIN = 40
export const IPRANGE_DST_MAX = 56
export const IPRANGE_SIZE = 72
export const IPRANGE_F_SRC = 1
export const IPRANGE_F_DST = 2
export const IPRANGE_F_NOT_SRC = 4
export const IPRANGE_F_NOT_DST = 8

//     4       6     8      12     16     20     24
//     | given | inv | uid0 | uid1 | gid0 | gid1 |
export const OWNER_GIVEN = 4
export const OWNER_INVERT = 6
export const OWNER_UID_MIN = 8
export const OWNER_UID_MAX = 12
export const OWNER_GID_MIN = 16
export const OWNER_GID_MAX = 20
export const OWNER_SIZE = 24
export const OWNER_UID = 1
export const OWNER_GID = 2
export const OWNER_SOCKET = 4

//     4        8
//     | object |
export const NFACCT_OBJECT = 4
export const NFACCT_SIZE = 8

//     4     5       6      8
//     | not | value | mask |       tos, and dscp as tos with mask 0xfc
export const TOS_NOT = 4
export const TOS_VALUE = 5
export const TOS_MASK = 6
export const TOS_SIZE = 8

//     4    5       8
//     | op | value |
export const TTL_OP = 4
export const TTL_VALUE = 5
export const TTL_SIZE = 8
export const TTL_EQ = 0
export const TTL_NE = 1
export const TTL_LT = 2
export const TTL_GT = 3

//     4     8     10    12
//     | not | min | max |
export const LENGTH_NOT = 4
export const LENGTH_MIN = 8
export const LENGTH_MAX = 10
export const LENGTH_SIZE = 12

//     4     5      8
//     | not | type |
export const PKTTYPE_NOT = 4
export const PKTTYPE_TYPE = 5
export const PKTTYPE_SIZE = 8

//     4       8
//     | flags |
export const RPFILTER_FLAGS = 4
export const RPFILTER_SIZE = 8
export const RPFILTER_LOOSE = 1
export const RPFILTER_VALID_MARK = 2
export const RPFILTER_ACCEPT_LOCAL = 4
export const RPFILTER_INVERT = 8

export const UNKNOWN_SIZE = 4

/** Ticks of the kernel's clock a second: what limit and recent count in (CONFIG_HZ). */
export const HZ = 250
