// Field offsets of the wire formats, and their numbers. All fields are in network byte order on the wire; constants
// that are compared with a raw 16-bit load are given byte-swapped and named _BE.

// Ethernet
//   0             6             12    14
//   | destination | source      | type| payload

export const ETH_DST = 0
export const ETH_SRC = 6
export const ETH_TYPE = 12
export const ETH_HLEN = 14
export const ETH_P_IP_BE = 0x0008
export const ETH_P_ARP_BE = 0x0608
export const ETH_P_IPV6_BE = 0xdd86

// ARP for IPv4 over Ethernet
//   0     2     4    5    6     8              14            18             24            28
//   | hw  | proto|hlen|plen| op | sender mac   | sender ip   | target mac   | target ip   |

export const ARP_HRD = 0
export const ARP_PRO = 2
export const ARP_HLN = 4
export const ARP_PLN = 5
export const ARP_OP = 6
export const ARP_SHA = 8
export const ARP_SPA = 14
export const ARP_THA = 18
export const ARP_TPA = 24
export const ARP_SIZE = 28
export const ARP_REQUEST_BE = 0x0100
export const ARP_REPLY_BE = 0x0200

// IPv4
//   0        1     2      4    6        8     9       10     12      16      20
//   | ver/ihl| tos | len  | id | frag   | ttl | proto | check| src   | dst   | options

export const IP_VHL = 0
export const IP_TOS = 1
export const IP_TOTLEN = 2
export const IP_ID = 4
export const IP_FRAGOFF = 6
export const IP_TTL = 8
export const IP_PROTO = 9
export const IP_CHECK = 10
export const IP_SRC = 12
export const IP_DST = 16
export const IP_HLEN = 20
export const IP_DF = 0x4000
export const IP_MF = 0x2000
export const IP_OFFSET = 0x1fff

// IPv6
//   0                4         6      7     8              24             40
//   | version/class… | payload | next | hop | source       | destination  |

export const IP6_VTF = 0
export const IP6_PAYLOAD = 4
export const IP6_NEXT = 6
export const IP6_HOPLIMIT = 7
export const IP6_SRC = 8
export const IP6_DST = 24
export const IP6_HLEN = 40

export const NEXTHDR_HOP = 0
export const NEXTHDR_ROUTING = 43
export const NEXTHDR_FRAGMENT = 44
export const NEXTHDR_ESP = 50
export const NEXTHDR_AUTH = 51
export const NEXTHDR_NONE = 59
export const NEXTHDR_DEST = 60
export const NEXTHDR_MOBILITY = 135

export const IPPROTO_ICMP = 1
export const IPPROTO_TCP = 6
export const IPPROTO_UDP = 17
export const IPPROTO_ICMPV6 = 58
export const IPPROTO_SCTP = 132
export const IPPROTO_UDPLITE = 136
export const IPPROTO_DCCP = 33

// TCP
//   0      2      4     8     12    13      14     16     18     20
//   | sport| dport| seq | ack | off | flags | win  | check| urg  |

export const TCP_SPORT = 0
export const TCP_DPORT = 2
export const TCP_SEQ = 4
export const TCP_ACK = 8
export const TCP_OFF = 12
export const TCP_FLAGS = 13
export const TCP_WINDOW = 14
export const TCP_CHECK = 16
export const TCP_HLEN = 20
export const TCP_F_FIN = 1
export const TCP_F_SYN = 2
export const TCP_F_RST = 4
export const TCP_F_PSH = 8
export const TCP_F_ACK = 16

// UDP
//   0      2      4     6       8
//   | sport| dport| len | check |

export const UDP_SPORT = 0
export const UDP_DPORT = 2
export const UDP_LEN = 4
export const UDP_CHECK = 6
export const UDP_HLEN = 8

// ICMP and ICMPv6
//   0     1     2      4            8
//   | type| code| check| id | seq   |

export const ICMP_TYPE = 0
export const ICMP_CODE = 1
export const ICMP_CHECK = 2
export const ICMP_ID = 4
export const ICMP_INFO = 4
export const ICMP_SEQ = 6
export const ICMP_HLEN = 8

export const ICMP_ECHOREPLY = 0
export const ICMP_DEST_UNREACH = 3
export const ICMP_REDIRECT = 5
export const ICMP_ECHO = 8
export const ICMP_TIME_EXCEEDED = 11
export const ICMP_PARAMETERPROB = 12
export const ICMP_TIMESTAMP = 13
export const ICMP_TIMESTAMPREPLY = 14
export const ICMP_INFO_REQUEST = 15
export const ICMP_INFO_REPLY = 16
export const ICMP_ADDRESS = 17
export const ICMP_ADDRESSREPLY = 18
export const NR_ICMP_TYPES = 18

export const ICMP_NET_UNREACH = 0
export const ICMP_HOST_UNREACH = 1
export const ICMP_PROT_UNREACH = 2
export const ICMP_PORT_UNREACH = 3
export const ICMP_FRAG_NEEDED = 4
export const ICMP_SR_FAILED = 5
export const ICMP_PKT_FILTERED = 13
export const ICMP_EXC_TTL = 0
export const ICMP_EXC_FRAGTIME = 1

export const ICMPV6_DEST_UNREACH = 1
export const ICMPV6_PKT_TOOBIG = 2
export const ICMPV6_TIME_EXCEED = 3
export const ICMPV6_PARAMPROB = 4
export const ICMPV6_ECHO_REQUEST = 128
export const ICMPV6_ECHO_REPLY = 129
export const NDISC_ROUTER_SOLICITATION = 133
export const NDISC_ROUTER_ADVERTISEMENT = 134
export const NDISC_NEIGHBOUR_SOLICITATION = 135
export const NDISC_NEIGHBOUR_ADVERTISEMENT = 136
export const NDISC_REDIRECT = 137

export const ICMPV6_NOROUTE = 0
export const ICMPV6_ADM_PROHIBITED = 1
export const ICMPV6_NOT_NEIGHBOUR = 2
export const ICMPV6_ADDR_UNREACH = 3
export const ICMPV6_PORT_UNREACH = 4
export const ICMPV6_EXC_HOPLIMIT = 0
export const ICMPV6_EXC_FRAGTIME = 1
export const ICMPV6_HDR_FIELD = 0
export const ICMPV6_UNK_NEXTHDR = 1
export const ICMPV6_UNK_OPTION = 2
export const ICMPV6_HDR_INCOMP = 3

export const PACKET_HOST = 0
export const PACKET_BROADCAST = 1
export const PACKET_MULTICAST = 2
export const PACKET_OTHERHOST = 3

/** Smallest link MTU of IPv6. */
export const IPV6_MIN_MTU = 1280
