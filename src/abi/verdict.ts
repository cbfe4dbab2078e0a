// Netfilter verdicts, hooks and families, with the kernel's numbers (include/uapi/linux/netfilter.h). `UNKNOWN` is
// ours: the walk met a rule that could not be evaluated, and nothing is guessed.

export const NF_DROP = 0
export const NF_ACCEPT = 1
/** The packet has gone elsewhere (queued for reassembly, answered): the caller must not touch it again. */
export const NF_STOLEN = 2
export const NF_REPEAT = 4
export const NF_UNKNOWN = 8

export const NF_INET_PRE_ROUTING = 0
export const NF_INET_LOCAL_IN = 1
export const NF_INET_FORWARD = 2
export const NF_INET_LOCAL_OUT = 3
export const NF_INET_POST_ROUTING = 4
export const NF_INET_NUMHOOKS = 5

export const NFPROTO_IPV4 = 2
export const NFPROTO_IPV6 = 10

export const TABLE_RAW = 0
export const TABLE_MANGLE = 1
export const TABLE_NAT = 2
export const TABLE_FILTER = 3
export const TABLE_SECURITY = 4
export const TABLE_COUNT = 5
