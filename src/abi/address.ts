// An address of an interface (struct in_ifaddr, inet6_ifaddr).
//
//    0         16         32      36       40       44      48     52
//    | local   | broadcast| link  | next   | plen   | scope | family| flags
//    56        72
//    | peer    |

export const ADDRESS_LOCAL = 0
/** IPv4 only; all zero = none. */
export const ADDRESS_BROADCAST = ADDRESS_LOCAL + 16
export const ADDRESS_LINK = ADDRESS_BROADCAST + 16
/** Next address of the same link and family. */
export const ADDRESS_NEXT = ADDRESS_LINK + 4
/** Bits of the prefix in its own family (0-32, 0-128); of the peer's when there is one. */
export const ADDRESS_PREFIX = ADDRESS_NEXT + 4
export const ADDRESS_SCOPE = ADDRESS_PREFIX + 4
/** 2 or 10. */
export const ADDRESS_FAMILY = ADDRESS_SCOPE + 4
export const ADDRESS_FLAGS = ADDRESS_FAMILY + 4
/** The other end of a point-to-point address (ifa_address); all zero = none. */
export const ADDRESS_PEER = ADDRESS_FLAGS + 4
export const ADDRESS_SIZE = 128

export const RT_SCOPE_UNIVERSE = 0
export const RT_SCOPE_SITE = 200
export const RT_SCOPE_LINK = 253
export const RT_SCOPE_HOST = 254
export const RT_SCOPE_NOWHERE = 255

/** IFA_F_SECONDARY: not the first address of its subnet. */
export const ADDRESS_F_SECONDARY = 1
/** IFA_F_NODAD: only told, as nothing here looks for duplicates. */
export const ADDRESS_F_NODAD = 2
/** IFA_F_NOPREFIXROUTE: the address makes no route to its prefix. */
export const ADDRESS_F_NOPREFIXROUTE = 4
