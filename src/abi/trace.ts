// A trace record: one thing that happened to one packet. Fixed size, in the order in which things happened.
//
//    0     1     2      3       4       8       12     16       20      24     28     32      36
//    | kind| hook| table| family| netns | chain | rule | verdict| reason| mark | indev| outdev| packet
//    40                            80       84           88
//    | tuple                       | length | ctinfo,ct  | time (u64 µs)   |        96
//
// netns is NETNS_ID; indev and outdev are LINK_ID (0 = none); packet numbers packets in the order in which they came
// to be; chain is whatever the table's owner writes (the chain's id), rule its index in the chain from 0.

import { TUPLE_SIZE } from './tuple.ts'

export const TRACE_KIND = 0
export const TRACE_HOOK = 1
export const TRACE_TABLE = 2
export const TRACE_FAMILY = 3
export const TRACE_NETNS = 4
export const TRACE_CHAIN = 8
export const TRACE_RULE = 12
export const TRACE_VERDICT = 16
export const TRACE_REASON = 20
export const TRACE_MARK = 24
export const TRACE_INDEV = 28
export const TRACE_OUTDEV = 32
export const TRACE_PACKET = 36
export const TRACE_TUPLE = 40
export const TRACE_LENGTH = TRACE_TUPLE + TUPLE_SIZE
/** u8: ctinfo, or 255 without an entry. */
export const TRACE_CTINFO = TRACE_LENGTH + 4
/** u8: the packet's role in an attempt (PROBE_REQUEST, PROBE_ANSWER), 0 for none. */
export const TRACE_ROLE = TRACE_CTINFO + 1
export const TRACE_TIME = TRACE_CTINFO + 4
export const TRACE_SIZE = TRACE_TIME + 8

/** A frame arrived at an interface. */
export const TRACE_RECEIVED = 1
/** A rule matched and its target gave the verdict (a jump, a goto, or one that only counts included). */
export const TRACE_RULE_MATCHED = 2
/** A base chain's policy. */
export const TRACE_POLICY = 3
/** Addresses or ports were rewritten by NAT. */
export const TRACE_NAT = 4
/** A route was chosen: reason is its RTN_* type. */
export const TRACE_ROUTE = 5
/** The packet left through an interface. */
export const TRACE_SENT = 6
/** The packet ended here: reason is a REASON_*. */
export const TRACE_END = 7
/** A packet was made here. */
export const TRACE_MADE = 8
/** A LOG or NFLOG target, in the log's own buffer. */
export const TRACE_LOG = 9
