// A list of the recent match (net/netfilter/xt_recent.c: struct recent_table), shared by all rules of a namespace that
// name it, of both families. The entries follow the head; `stride` is an entry's size with its stamps.
//
//     0          4       8        12       16         32
//     | stampmask| count | serial | stride | mask[16] |
//    32
//     | entry × RECENT_ENTRIES
//
// Entry:
//     0          16       17    18      20       22     24       28     32
//     | addr[16] | family | ttl | index | stamps | used | serial | lru  | stamp[stampmask + 1]: u64 jiffies
//
// `serial` grows with every entry made, `lru` with every touch: the smallest lru of a full list is evicted.

/** Ring size of stamps less one (ip_pkt_list_tot, raised to a power of two). */
export const RECENT_STAMP_MASK = 0
export const RECENT_COUNT = 4
export const RECENT_SERIAL = 8
export const RECENT_STRIDE = 12
export const RECENT_MASK = 16
export const RECENT_FIRST = 32

/** ip_list_tot: addresses a list remembers. */
export const RECENT_ENTRIES = 100

export const RECENT_ENTRY_ADDRESS = 0
export const RECENT_ENTRY_FAMILY = 16
export const RECENT_ENTRY_TTL = 17
export const RECENT_ENTRY_INDEX = 18
export const RECENT_ENTRY_STAMPS = 20
export const RECENT_ENTRY_USED = 22
export const RECENT_ENTRY_SERIAL = 24
export const RECENT_ENTRY_LRU = 28
export const RECENT_ENTRY_HEAD = 32
