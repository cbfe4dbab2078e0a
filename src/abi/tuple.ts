// A flow tuple, the key of conntrack and the first words of every packet buffer. Addresses are 16 bytes, IPv4 as
// ::ffff:a.b.c.d, so that one compare serves both families. All fields in network byte order.
//
//   0                16               32    34    36     37    38
//   | src            | dst            |sport|dport| proto| l3  | 0   |
//
// ICMP and ICMPv6: sport is the echo id, dport is type << 8 | code (as two bytes, type first), as in nf_conntrack.

export const TUPLE_SRC = 0
export const TUPLE_DST = TUPLE_SRC + 16
export const TUPLE_SPORT = TUPLE_DST + 16
export const TUPLE_DPORT = TUPLE_SPORT + 2
export const TUPLE_PROTO = TUPLE_DPORT + 2
export const TUPLE_L3NUM = TUPLE_PROTO + 1
export const TUPLE_PAD = TUPLE_L3NUM + 1
export const TUPLE_SIZE = TUPLE_PAD + 2

/** Offset of the last 32 bits of an address: all of an IPv4 address, the interface end of an IPv6 one. */
export const ADDR_LAST_WORD = 12
