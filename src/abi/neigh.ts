// A neighbour: the hardware address of an IP address on a link, and packets that wait for it.
//
//    0       16     20      24       28      36        44      48     52     56
//    | addr  | link | chain | state  | mac   | expires | head  | tail | queue| probes | next timer

export const NEIGH_ADDR = 0
export const NEIGH_LINK = NEIGH_ADDR + 16
/** Next in the hash bucket. */
export const NEIGH_CHAIN = NEIGH_LINK + 4
export const NEIGH_STATE = NEIGH_CHAIN + 4
export const NEIGH_MAC = NEIGH_STATE + 4
/** Virtual µs at which the next probe is due, while the state is incomplete (u64). */
export const NEIGH_EXPIRES = NEIGH_MAC + 12
export const NEIGH_HEAD = NEIGH_EXPIRES + 8
export const NEIGH_TAIL = NEIGH_HEAD + 4
export const NEIGH_QUEUED = NEIGH_TAIL + 4
export const NEIGH_PROBES = NEIGH_QUEUED + 4
/** Next of the list of incomplete neighbours. */
export const NEIGH_TIMER = NEIGH_PROBES + 4
export const NEIGH_SIZE = 128

export const NUD_INCOMPLETE = 1
export const NUD_REACHABLE = 2
export const NUD_FAILED = 32
export const NUD_PERMANENT = 128

// The table of a namespace: 0 buckets, 4 mask, 8 count.

export const NEIGH_TABLE_BUCKETS = 0
export const NEIGH_TABLE_MASK = 4
export const NEIGH_TABLE_COUNT = 8
export const NEIGH_TABLE_SIZE = 64
