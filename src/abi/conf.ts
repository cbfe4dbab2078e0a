// The per-interface sysctls (net.ipv4.conf.*, net.ipv6.conf.*, net.ipv4.neigh.* are per interface in Linux) as blocks
// of u32 values. A namespace has an `all` and a `default` block of each family; a link has its own, copied from
// `default` when it is made. How `all` and the link's value combine is each sysctl's own rule
// (include/linux/inetdevice.h: IN_DEV_ANDCONF, IN_DEV_ORCONF, IN_DEV_MAXCONF).

export const CONF4_FORWARDING = 0
export const CONF4_RP_FILTER = 4
export const CONF4_ROUTE_LOCALNET = 8
export const CONF4_ACCEPT_LOCAL = 12
export const CONF4_SEND_REDIRECTS = 16
export const CONF4_SRC_VALID_MARK = 20
export const CONF4_ARP_IGNORE = 24
export const CONF4_ARP_ANNOUNCE = 28
export const CONF4_ARP_FILTER = 32
export const CONF4_PROXY_ARP = 36
export const CONF4_SHARED_MEDIA = 40
export const CONF4_LOG_MARTIANS = 44
export const CONF4_DROP_UNICAST_IN_L2_MULTICAST = 48
export const CONF4_ACCEPT_REDIRECTS = 52
export const CONF4_ACCEPT_SOURCE_ROUTE = 56
export const CONF4_SIZE = 64

export const CONF6_FORWARDING = 0
export const CONF6_DISABLE_IPV6 = 4
export const CONF6_HOP_LIMIT = 8
export const CONF6_ACCEPT_DAD = 12
export const CONF6_ACCEPT_RA = 16
export const CONF6_PROXY_NDP = 20
export const CONF6_DROP_UNICAST_IN_L2_MULTICAST = 24
/** 0: a link-local address from the hardware address; anything else: none. */
export const CONF6_ADDR_GEN_MODE = 32
export const CONF6_SIZE = 64
