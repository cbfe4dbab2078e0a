// IP sets in linear memory. Words are host order unless said; pointers are addresses in linear memory, 0 = none.
//
// A rule holds the address of a slot, which stays while the set exists; the slot holds the set, so that two sets can
// be swapped under the rules that name them.
//
//   slot   0     4
//          | set | next slot of the namespace |
//
//   set    0    1      2    3     4         8         12         16      20     24     28
//          |type|family|dims|flags| timeout | maxelem | elements | index | mask | pool | capacity
//          28         32     36     40          44           48
//          | capacity | used | free | first/last port (u16 each) | changes | (48) prefix lengths …
//          48                 192
//          | 132 prefix bytes … | u32 how many elements have each length [132] …  (720)
//
//   element (hash types), 64 bytes; the first 36 are the key
//          0       16       32     34    35     36    40        48        56       64
//          | first | second | port |proto| plen |flags| expires | packets | bytes |
//
//   bit    (bitmap:port with timeouts or counters), 24 bytes a port: | expires | packets | bytes |
//   member (list:set), 32 bytes: | slot | flags | expires | packets | bytes |

export const SETSLOT_SET = 0
export const SETSLOT_SIZE = 64

/** SETTYPE_*. */
export const SETREC_TYPE = 0
/** 2, 10, or 0 for a set of any family. */
export const SETREC_FAMILY = 1
/** How many directions a rule must name. */
export const SETREC_DIMENSIONS = 2
/** SETREC_F_*. */
export const SETREC_FLAGS = 3
/** Seconds an element without its own timeout lives, 0 = for ever. */
export const SETREC_TIMEOUT = 4
export const SETREC_MAXELEM = 8
/** Elements in the set, expired ones that nobody has swept included. */
export const SETREC_ELEMENTS = 12
/** Hash types: u32 words, number of an element + 1, 0 = empty. bitmap:port: one bit a port. */
export const SETREC_INDEX = 16
/** Words of the index - 1, a power of two less one. */
export const SETREC_MASK = 20
/** Elements, ports' extensions or members. */
export const SETREC_POOL = 24
/** How many the pool has room for. */
export const SETREC_CAPACITY = 28
/** Elements of the pool that were ever used. */
export const SETREC_USED = 32
/** First free element below `used`, + 1; a free element's first word links on. */
export const SETREC_FREE = 36
/** bitmap:port: the range, host order. */
export const SETREC_FIRST_PORT = 40
export const SETREC_LAST_PORT = 42
/** Grows with every change that a packet makes: elements, counters. */
export const SETREC_CHANGES = 44
/** Sets of networks: prefix lengths that occur, longest first, 0 ends (u8). */
export const SETREC_PREFIXES = 48
export const SETREC_PREFIX_SLOTS = 132
/** How many elements have each prefix length (u32 each). */
export const SETREC_PREFIX_COUNTS = SETREC_PREFIXES + 144
export const SETREC_SIZE = SETREC_PREFIX_COUNTS + 4 * SETREC_PREFIX_SLOTS

export const SETREC_F_TIMEOUT = 1
export const SETREC_F_COUNTERS = 2

export const SETTYPE_HASH_IP = 1
export const SETTYPE_HASH_NET = 2
export const SETTYPE_HASH_IP_PORT = 3
export const SETTYPE_HASH_IP_PORT_IP = 4
export const SETTYPE_HASH_IP_PORT_NET = 5
export const SETTYPE_HASH_NET_PORT = 6
export const SETTYPE_BITMAP_PORT = 7
export const SETTYPE_LIST_SET = 8

/** Address or network, 16 bytes, IPv4 mapped. */
export const SETELEM_FIRST = 0
export const SETELEM_SECOND = 16
/** Network order; ICMP: type, then code. */
export const SETELEM_PORT = 32
export const SETELEM_PROTO = 34
/** Prefix length of the type's network in its own family, 0 for types without one. */
export const SETELEM_PREFIX = 35
export const SETELEM_FLAGS = 36
/** Virtual microseconds at which it is gone, 0 = never (u64). */
export const SETELEM_EXPIRES = 40
export const SETELEM_PACKETS = 48
export const SETELEM_BYTES = 56
export const SETELEM_SIZE = 64
export const SETELEM_F_NOMATCH = 1
/** The element is in the set, not on the free list. */
export const SETELEM_F_USED = 2

export const SETBIT_EXPIRES = 0
export const SETBIT_PACKETS = 8
export const SETBIT_BYTES = 16
export const SETBIT_SIZE = 24

export const SETMEMBER_SLOT = 0
export const SETMEMBER_EXPIRES = 8
export const SETMEMBER_PACKETS = 16
export const SETMEMBER_BYTES = 24
export const SETMEMBER_SIZE = 32

// Flags of a test (those of the set match, src/abi/match.ts).
export const SETTEST_RETURN_NOMATCH = 1
export const SETTEST_SKIP_COUNTERS = 2
export const SETTEST_SKIP_SUBCOUNTERS = 4

// What a test asks of an element's counters: operators, then the values they compare with.
//     0            1          4         12
//     | packets op | bytes op | packets | bytes |   (u64, not aligned)
export const SETOPS_PACKETS_OP = 0
export const SETOPS_BYTES_OP = 1
export const SETOPS_PACKETS = 4
export const SETOPS_BYTES = 12
export const SETOP_NONE = 0
export const SETOP_EQ = 1
export const SETOP_NE = 2
export const SETOP_LT = 3
export const SETOP_GT = 4

/** What adding and deleting answer. */
export const SETADT_OK = 0
export const SETADT_EXISTS = -1
export const SETADT_FULL = -2
export const SETADT_NOMEM = -3
export const SETADT_MISSING = -4
export const SETADT_MISMATCH = -5

/** A target's timeout that says: the set's own. */
export const SETADT_DEFAULT_TIMEOUT = 0xffffffff
