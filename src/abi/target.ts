// Targets: RULE_TARGET of a rule body, with RULE_TARGET_ARG, and for some of them data after the match records.

/** No target: the rule counts and the walk goes on. */
export const TARGET_NONE = 0
/** arg: NF_ACCEPT or NF_DROP. */
export const TARGET_VERDICT = 1
export const TARGET_RETURN = 2
/** arg: chain id. */
export const TARGET_JUMP = 3
export const TARGET_GOTO = 4
/** arg: ICMP type << 8 | code, or REJECT_TCP_RESET. */
export const TARGET_REJECT = 5
/** arg: value; data: mask. mark = mark & ~mask ^ value. */
export const TARGET_MARK = 6
/** arg: CONNMARK_*; data: value, ctmask, nfmask, shift. */
export const TARGET_CONNMARK = 7
/** data: a NAT range (nat.ts). */
export const TARGET_DNAT = 8
export const TARGET_SNAT = 9
export const TARGET_MASQUERADE = 10
export const TARGET_REDIRECT = 11
/** arg: index of the rule's text in the host's list of log prefixes. */
export const TARGET_LOG = 12
export const TARGET_NFLOG = 13
export const TARGET_TRACE = 14
export const TARGET_NOTRACK = 15
/** arg: zone | CT_ZONE_ORIG | CT_ZONE_REPLY. */
export const TARGET_CT = 16
/** arg: MSS, TCPMSS_CLAMP to clamp to the path's MTU. */
export const TARGET_TCPMSS = 17
/** TTL and HL. arg: HOPS_* << 8 | value. */
export const TARGET_HOPS = 18
/** TOS and DSCP. arg: mask << 8 | value; field = field & ~mask ^ value. */
export const TARGET_TOS = 19
/** arg: SET_ADD or SET_DEL; data: set, sources and dimensions as in a set match, exist, timeout. */
export const TARGET_SET = 20
export const TARGET_UNKNOWN = 21

export const REJECT_TCP_RESET = 0xffff

export const CONNMARK_SET = 0
export const CONNMARK_SAVE = 1
export const CONNMARK_RESTORE = 2

export const TARGET_MARK_MASK = 0
export const TARGET_CONNMARK_VALUE = 0
export const TARGET_CONNMARK_CTMASK = 4
export const TARGET_CONNMARK_NFMASK = 8
/** Bits to shift by, TARGET_CONNMARK_RIGHT set for a shift to the right. */
export const TARGET_CONNMARK_SHIFT = 12
export const TARGET_CONNMARK_RIGHT = 0x100

export const CT_ZONE_ORIG = 0x10000
export const CT_ZONE_REPLY = 0x20000

export const TCPMSS_CLAMP = 0xffff

export const HOPS_SET = 0
export const HOPS_INC = 1
export const HOPS_DEC = 2

export const SET_ADD = 0
export const SET_DEL = 1
//     0     4         5            6                8         12
//     | set | sources | dimensions | exist timeout? | timeout |
export const TARGET_SET_POINTER = 0
export const TARGET_SET_SOURCES = 4
export const TARGET_SET_DIMENSIONS = 5
export const TARGET_SET_EXIST = 6
export const TARGET_SET_HAS_TIMEOUT = 7
export const TARGET_SET_TIMEOUT = 8
export const TARGET_SET_SIZE = 12
