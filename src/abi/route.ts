// A route, and the forwarding table that holds it. Types are the kernel's RTN_* (include/uapi/linux/rtnetlink.h).
//
//    0          16         32         48      52      56      60       64      68      72      76
//    | dst      | gateway  | prefsrc  | plen  | type  | dev   | metric | next  | table | scope | flags
//    80      84         88
//    | chain | protocol |
//
// `plen` counts bits of the family's own address.

export const ROUTE_DST = 0
/** Next hop, all zero = on link. */
export const ROUTE_GATEWAY = ROUTE_DST + 16
/** Preferred source, all zero = none. */
export const ROUTE_PREFSRC = ROUTE_GATEWAY + 16
export const ROUTE_PLEN = ROUTE_PREFSRC + 16
export const ROUTE_TYPE = ROUTE_PLEN + 4
export const ROUTE_DEV = ROUTE_TYPE + 4
export const ROUTE_METRIC = ROUTE_DEV + 4
/** Next route of the same prefix, in order of metric. */
export const ROUTE_NEXT = ROUTE_METRIC + 4
/** 255 local, 254 main. */
export const ROUTE_TABLE = ROUTE_NEXT + 4
export const ROUTE_SCOPE = ROUTE_TABLE + 4
export const ROUTE_FLAGS = ROUTE_SCOPE + 4
/** Next prefix in the same hash bucket. */
export const ROUTE_CHAIN = ROUTE_FLAGS + 4
/** RTPROT_*: who made it. */
export const ROUTE_PROTOCOL = ROUTE_CHAIN + 4
export const ROUTE_SIZE = 128

export const RTPROT_KERNEL = 2
export const RTPROT_BOOT = 3

export const RT_TABLE_MAIN = 254
export const RT_TABLE_LOCAL = 255

export const RTN_UNSPEC = 0
export const RTN_UNICAST = 1
export const RTN_LOCAL = 2
export const RTN_BROADCAST = 3
export const RTN_ANYCAST = 4
export const RTN_MULTICAST = 5
export const RTN_BLACKHOLE = 6
export const RTN_UNREACHABLE = 7
export const RTN_PROHIBIT = 8
export const RTN_THROW = 9

/** RTNH_F_ONLINK. */
export const ROUTE_F_ONLINK = 1
/** Made by the stack itself (an address, a link): removed with its cause. */
export const ROUTE_F_KERNEL = 2

// A forwarding table of one family: buckets of prefixes, and for each of the two tables the prefix lengths that
// occur, longest first, so that a lookup probes only these.
//
//    0         4      8       12            48          184         320            840           1360
//    | buckets | mask | count | customlocal | lengths l | lengths m | counts local | counts main |
//
// Lengths: u32 number of them, then one byte each. Counts: one u32 a length.

export const FIB_BUCKETS = 0
export const FIB_MASK = FIB_BUCKETS + 4
export const FIB_COUNT = FIB_MASK + 4
/** Routes of type local that no address made: source validation must then look at the whole table. */
export const FIB_CUSTOM_LOCAL = FIB_COUNT + 4
export const FIB_LENGTHS_LOCAL = 48
export const FIB_LENGTHS_MAIN = FIB_LENGTHS_LOCAL + 136
export const FIB_COUNTS_LOCAL = FIB_LENGTHS_MAIN + 136
export const FIB_COUNTS_MAIN = FIB_COUNTS_LOCAL + 520
export const FIB_SIZE = FIB_COUNTS_MAIN + 520
