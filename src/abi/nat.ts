// A NAT range, what `struct nf_nat_range2` is in Linux: the target's data of SNAT, DNAT, MASQUERADE and REDIRECT.
// Addresses and ports (or ICMP ids) in network byte order, flags in host order.
//
//     0       4      6      8      10        16              32              48
//     | flags | min  | max  | base |         | min address   | max address   |

export const NAT_RANGE_FLAGS = 0
export const NAT_RANGE_MIN_PROTO = NAT_RANGE_FLAGS + 4
export const NAT_RANGE_MAX_PROTO = NAT_RANGE_MIN_PROTO + 2
/** First port of the original range in `--to-destination addr:min-max/base`. */
export const NAT_RANGE_BASE_PROTO = NAT_RANGE_MAX_PROTO + 2
export const NAT_RANGE_MIN_ADDR = NAT_RANGE_FLAGS + 16
export const NAT_RANGE_MAX_ADDR = NAT_RANGE_MIN_ADDR + 16
export const NAT_RANGE_SIZE = NAT_RANGE_MAX_ADDR + 16

// Flags, as in include/uapi/linux/netfilter/nf_nat.h.

export const NF_NAT_RANGE_MAP_IPS = 0x1
export const NF_NAT_RANGE_PROTO_SPECIFIED = 0x2
export const NF_NAT_RANGE_PROTO_RANDOM = 0x4
export const NF_NAT_RANGE_PERSISTENT = 0x8
export const NF_NAT_RANGE_PROTO_RANDOM_FULLY = 0x10
export const NF_NAT_RANGE_PROTO_OFFSET = 0x20
export const NF_NAT_RANGE_NETMAP = 0x40
export const NF_NAT_RANGE_PROTO_RANDOM_ALL = NF_NAT_RANGE_PROTO_RANDOM | NF_NAT_RANGE_PROTO_RANDOM_FULLY

export const NF_NAT_MANIP_SRC = 0
export const NF_NAT_MANIP_DST = 1
