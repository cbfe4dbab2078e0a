// A network namespace. Words are host order; pointers are addresses in linear memory, 0 = none.
//
//    0    2     4       8          12     16                    56   60          64
//    | id |     | links | loopback |      | tables [2][5]       | ct | ctEnabled | sets
//    68         76       80        84      88      92     96       100
//    | fib [2]  | neigh  | sockets | frags | ifidx | ipid | hooks  | serial ...
//   128                  (sysctls, one u32 each)            256   320   384   448   512
//    | sysctls                                              |all4 |def4 |all6 |def6 |

import { TABLE_COUNT } from './verdict.ts'
import { CONF4_SIZE, CONF6_SIZE } from './conf.ts'

/** u16, unique in the engine, from 1. */
export const NETNS_ID = 0
/** First link; links of a namespace are a list in order of ifindex. */
export const NETNS_LINKS = 4
export const NETNS_LOOPBACK = 8
/** u32 pointers [family 0 = IPv4, 1 = IPv6][TABLE_*]; 0 = the table does not exist. */
export const NETNS_TABLES = 16
export const NETNS_TABLES_FAMILY = TABLE_COUNT * 4
/** Conntrack's own block. */
export const NETNS_CT = NETNS_TABLES + 2 * NETNS_TABLES_FAMILY
/** Bit 0: IPv4 conntrack and defrag hooks are registered; bit 1: IPv6. */
export const NETNS_CT_ENABLED = NETNS_CT + 4
/** ipset's own block. */
export const NETNS_SETS = NETNS_CT_ENABLED + 4
/** Pointers [family] to the forwarding tables. */
export const NETNS_FIB = NETNS_SETS + 4
export const NETNS_NEIGH = NETNS_FIB + 8
export const NETNS_SOCKETS = NETNS_NEIGH + 4
/** Reassembly queues. */
export const NETNS_FRAGS = NETNS_SOCKETS + 4
export const NETNS_NEXT_IFINDEX = NETNS_FRAGS + 4
/** Secret from which the IPv4 identification of locally made packets is drawn. */
export const NETNS_IP_ID = NETNS_NEXT_IFINDEX + 4
/** Local addresses: list of address records. */
export const NETNS_ADDRESSES = NETNS_IP_ID + 4
/** Packets received, sent, dropped: u32 counters. */
export const NETNS_RX = NETNS_ADDRESSES + 4
export const NETNS_DROPPED = NETNS_RX + 4

export const NETNS_SYSCTLS = 128
/** net.ipv4.ip_forward. */
export const NETNS_IP_FORWARD = NETNS_SYSCTLS
/** net.ipv4.ip_default_ttl. */
export const NETNS_IP_DEFAULT_TTL = NETNS_IP_FORWARD + 4
/** net.ipv4.icmp_echo_ignore_all. */
export const NETNS_ICMP_ECHO_IGNORE_ALL = NETNS_IP_DEFAULT_TTL + 4
/** net.ipv4.icmp_echo_ignore_broadcasts. */
export const NETNS_ICMP_ECHO_IGNORE_BROADCASTS = NETNS_ICMP_ECHO_IGNORE_ALL + 4
/** net.ipv4.icmp_errors_use_inbound_ifaddr. */
export const NETNS_ICMP_ERRORS_USE_INBOUND_IFADDR = NETNS_ICMP_ECHO_IGNORE_BROADCASTS + 4
/** net.ipv4.ip_forward_use_pmtu. */
export const NETNS_IP_FORWARD_USE_PMTU = NETNS_ICMP_ERRORS_USE_INBOUND_IFADDR + 4
/** net.ipv4.ipfrag_time, seconds. */
export const NETNS_IPFRAG_TIME = NETNS_IP_FORWARD_USE_PMTU + 4
/** net.netfilter.nf_conntrack_frag6_timeout, seconds. */
export const NETNS_FRAG6_TIME = NETNS_IPFRAG_TIME + 4
/** net.ipv4.ip_nonlocal_bind. */
export const NETNS_IP_NONLOCAL_BIND = NETNS_FRAG6_TIME + 4
/** net.ipv4.fwmark_reflect. */
export const NETNS_FWMARK_REFLECT = NETNS_IP_NONLOCAL_BIND + 4
/** net.ipv6.icmp.echo_ignore_all. */
export const NETNS_ICMP6_ECHO_IGNORE_ALL = NETNS_FWMARK_REFLECT + 4
/** net.ipv6.bindv6only. */
export const NETNS_BINDV6ONLY = NETNS_ICMP6_ECHO_IGNORE_ALL + 4
/** net.ipv4.ip_local_port_range: low then high. */
export const NETNS_PORT_LOW = NETNS_BINDV6ONLY + 4
export const NETNS_PORT_HIGH = NETNS_PORT_LOW + 4

export const NETNS_CONF4_ALL = 256
export const NETNS_CONF4_DEFAULT = NETNS_CONF4_ALL + CONF4_SIZE
export const NETNS_CONF6_ALL = NETNS_CONF4_DEFAULT + CONF4_SIZE
export const NETNS_CONF6_DEFAULT = NETNS_CONF6_ALL + CONF6_SIZE
export const NETNS_SIZE = NETNS_CONF6_DEFAULT + CONF6_SIZE

export const CT_ENABLED_IPV4 = 1
export const CT_ENABLED_IPV6 = 2
