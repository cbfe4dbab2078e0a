// How a loaded table lies in memory. A table is a small record with a directory of chains; a chain is one block of
// memory, so that replacing a chain touches one pointer of the directory. Words are host order, addresses and ports in
// the lanes network order.
//
// Table record:
//     0           4       8       12
//     | directory | table | depth | chains |
//
// directory[id] is the chain's address, 0 = no such chain. Ids 0..4 are the built-in chains by hook number.
//
// Chain block:
//     0       4        8    12   16        24      32        36         40     44        64
//     | rules | policy | id | -  | packets | bytes | offsets | counters | size | bodies | -
//    64                                            offsets        counters       bodies
//     | quick blocks: ceil((rules + 1) / 4) × 64 B | u32 × rules | 16 B × rules | rule bodies
//
// packets and bytes of the header are those of the policy. offsets[i] is the distance of rule i's body from the chain.
//
// Quick block: four rules side by side; a rule can only match when (dst & mask) == net and (pp & ppmask) == ppval.
//     0                16               32               48               64
//     | net  [4]       | mask [4]       | ppval [4]      | ppmask [4]     |
//
// dst is the last word of the destination address; pp is dport (2 bytes, as in the packet), protocol, and the
// connection's state (LANE_*). The lane
// after the last rule has empty masks and matches everything, so that the scan needs no end test; later lanes match
// nothing.
//
// Rule body:
//     0       4         6       7     8     12      16    20      24       28    32
//     | flags | matches | proto | 0   | src | smask | dst | dmask | target | arg | match records | target data |
//
// `matches` is the length of the match records in bytes. src and dst are IPv4 addresses (IPv6 rules keep theirs in a
// MATCH_ADDRESS6 record and have empty masks here).

import { NF_INET_NUMHOOKS } from './verdict.ts'

export const TABLE_DIRECTORY = 0
/** TABLE_RAW … TABLE_SECURITY. */
export const TABLE_NUMBER = 4
/** Longest path of jumps in this table: entries that the jump stack must hold. */
export const TABLE_DEPTH = 8
/** Entries in the directory. */
export const TABLE_CHAINS = 12
export const TABLE_SIZE = 16

/** First id of user-defined chains. */
export const FIRST_USER_CHAIN = NF_INET_NUMHOOKS

export const CHAIN_RULES = 0
/** NF_ACCEPT or NF_DROP for a built-in chain, CHAIN_NO_POLICY for a user-defined one. */
export const CHAIN_POLICY = 4
export const CHAIN_ID = 8
export const CHAIN_PACKETS = 16
export const CHAIN_BYTES = 24
export const CHAIN_OFFSETS = 32
export const CHAIN_COUNTERS = 36
/** Bytes of the whole block. */
export const CHAIN_SIZE = 40
/** Distance of the first rule body. */
export const CHAIN_BODIES = 44
export const CHAIN_QUICK = 64
export const CHAIN_NO_POLICY = 0xffffffff

export const QUICK_LANES = 4
export const QUICK_NET = 0
export const QUICK_MASK = QUICK_NET + 16
export const QUICK_PP = QUICK_MASK + 16
export const QUICK_PP_MASK = QUICK_PP + 16
export const QUICK_SIZE = QUICK_PP_MASK + 16

// The state byte of pp: CTSTATE_* bits of the packet, but for UNTRACKED, which has the place that is free.

export const LANE_UNTRACKED = 16
/** Bits of which a packet has exactly one; the others are CTSTATE_SNAT and CTSTATE_DNAT. */
export const LANE_STATES = 63
/** How far up in pp the state is. */
export const LANE_SHIFT = 24

export const COUNTER_PACKETS = 0
export const COUNTER_BYTES = 8
export const COUNTER_SIZE = 16

export const RULE_FLAGS = 0
export const RULE_MATCHES = 4
export const RULE_PROTO = 6
export const RULE_SRC = 8
export const RULE_SRC_MASK = 12
export const RULE_DST = 16
export const RULE_DST_MASK = 20
/** TARGET_*: see target.ts. */
export const RULE_TARGET = 24
/** What the target needs in one word (a verdict, a chain id, a mark …). */
export const RULE_TARGET_ARG = 28
export const RULE_RECORDS = 32

export const RULE_F_NOT_SRC = 1
export const RULE_F_NOT_DST = 2
/** A protocol is given. */
export const RULE_F_PROTO = 4
export const RULE_F_NOT_PROTO = 8
/** `-f`: second and later fragments. */
export const RULE_F_FRAGMENT = 16
export const RULE_F_NOT_FRAGMENT = 32
/** Inversions of the MATCH_ADDRESS6 record. */
export const RULE_F_NOT_SRC6 = 64
export const RULE_F_NOT_DST6 = 128
/** The words of the header test (source, destination, protocol, fragment) ask for nothing. */
export const RULE_F_ANY = 256
/** The lanes say all that the rule asks for. */
export const RULE_F_LANES = 512

/** An entry of the jump stack: chain address, index of the rule to go on with. */
export const JUMP_CHAIN = 0
export const JUMP_RULE = 4
export const JUMP_SIZE = 8
