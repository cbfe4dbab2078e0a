// The packet buffer ("skb"): one record a packet in flight, with the frame's bytes behind it. The tuple is parsed
// once at ingress and kept in step with the bytes by whatever rewrites them (NAT), so that rules and conntrack read
// only this record on the packet path.
//
//     0                                      40
//     | tuple (src dst sport dport proto l3) |
//    40      44      48      52      56      60      64      68      72
//     | data  | len   | l3    | l4    | netns | indev | outdev| mark  |
//    72      76        77      78      79      80       82      84      88
//     | ct    | ctinfo | family| pkttyp| flags | fragoff| l3len | l4len |
//    88      92       96       100      104
//     | next  | tcpflg | dst    | physin |
//   104     105      106    107    108      110      112         128    132   133   134    136      140
//    | rttype| rtflags| work | class| fragmax| ipflags| next hop  | info | type| code| hook | socket | room |
//   144      148      152
//    | serial | parent | probe | cuts | fragid |
//    (up to SKB_HEADER, then the frame's room)
//
// data, l3, l4, netns, indev, outdev, ct, next and dst are addresses in linear memory (0 = none).

import { TUPLE_SIZE } from './tuple.ts'

export const SKB_TUPLE = 0
export const SKB_DATA = SKB_TUPLE + TUPLE_SIZE
/** Bytes from data to the end of the frame (u32, host order), link-layer header included. */
export const SKB_LEN = SKB_DATA + 4
export const SKB_L3 = SKB_LEN + 4
/** Transport header, 0 for a later fragment and for a packet with none. */
export const SKB_L4 = SKB_L3 + 4
export const SKB_NETNS = SKB_L4 + 4
export const SKB_INDEV = SKB_NETNS + 4
export const SKB_OUTDEV = SKB_INDEV + 4
/** Packet mark (u32, host order), as `nfmark`. */
export const SKB_MARK = SKB_OUTDEV + 4
export const SKB_CT = SKB_MARK + 4
/** enum ip_conntrack_info; 7 is IP_CT_UNTRACKED. Meaningless while SKB_CT is 0 and not untracked. */
export const SKB_CTINFO = SKB_CT + 4
export const SKB_FAMILY = SKB_CTINFO + 1
/** PACKET_HOST 0, PACKET_BROADCAST 1, PACKET_MULTICAST 2, PACKET_OTHERHOST 3. */
export const SKB_PKTTYPE = SKB_FAMILY + 1
export const SKB_FLAGS = SKB_PKTTYPE + 1
/** Byte offset of this fragment in its datagram (u16, host order), 0 for a whole packet or a first fragment. */
export const SKB_FRAGOFF = SKB_FLAGS + 1
/** Length of the network packet by its own header (u16 total length; IPv6: 40 + payload length), host order. */
export const SKB_L3LEN = SKB_FRAGOFF + 2
/** Bytes from l4 to the end of the network packet (u32, host order). */
export const SKB_L4LEN = SKB_L3LEN + 2
export const SKB_NEXT = SKB_L4LEN + 4
/** TCP flag byte (offset 13 of the header) in the low byte, 0 when not TCP. */
export const SKB_TCPFLAGS = SKB_NEXT + 4
/** The route this packet follows, once one is chosen. */
export const SKB_DST = SKB_TCPFLAGS + 4
export const SKB_PHYSIN = SKB_DST + 4
/** RTN_* of the chosen route, after the stack's own rules (a packet for a directed broadcast is RTN_BROADCAST). */
export const SKB_RT_TYPE = SKB_PHYSIN + 4
/** RT_F_*. */
export const SKB_RT_FLAGS = SKB_RT_TYPE + 1
/** What the work queue does with the packet (WORK_*). */
export const SKB_WORK = SKB_RT_FLAGS + 1
/** Which pool it came from. */
export const SKB_CLASS = SKB_WORK + 1
/** Length of the largest fragment the packet was reassembled from, 0 for a packet that came whole (u16). */
export const SKB_FRAG_MAX = SKB_CLASS + 1
/** IP_F_* (u16). */
export const SKB_IP_FLAGS = SKB_FRAG_MAX + 2
/** Address of the next hop, 16 bytes. */
export const SKB_NEXTHOP = SKB_IP_FLAGS + 2
/** A requested ICMP error: its second word (network order), type, code and the hook that asked. */
export const SKB_ICMP_INFO = SKB_NEXTHOP + 16
export const SKB_ICMP_TYPE = SKB_ICMP_INFO + 4
export const SKB_ICMP_CODE = SKB_ICMP_TYPE + 1
export const SKB_HOOK = SKB_ICMP_CODE + 1
/** errno of a route that refuses (u8). */
export const SKB_RT_ERROR = SKB_HOOK + 1
/** The socket that sends it, 0 for the kernel's own packets: what `-m owner` looks at. */
export const SKB_SOCKET = SKB_HOOK + 2
/** Bytes of the whole buffer, this record included. */
export const SKB_ROOM = SKB_SOCKET + 4
/** Number of the packet, in the order in which packets came to be (u32, from 1). */
export const SKB_SERIAL = SKB_ROOM + 4
/** The packet whose answer this is (its SKB_SERIAL), 0 for none. */
export const SKB_PARENT = SKB_SERIAL + 4
/** SKB_PROBE bits: which half of the host's probe this packet belongs to. */
export const SKB_PROBE = SKB_PARENT + 4
/** Where a reassembled datagram's fragments were cut: address of a u16 count and that many u16 lengths, 0 = unknown. */
export const SKB_CUTS = SKB_PROBE + 4
export const SKB_HEADER = 192
/** Where an Ethernet frame begins, so that its network header is 64-byte aligned. */
export const SKB_FRAME = SKB_HEADER + 50
/** Where the network header of a packet made here begins. */
export const SKB_NETWORK = SKB_FRAME + 14

export const WORK_RECEIVE = 0
export const WORK_LOCAL_OUT = 1
export const WORK_ICMP_ERROR = 2
export const WORK_TCP_RESET = 3
/** A packet that waits in FORWARD until the redirect about it has gone out. */
export const WORK_FORWARD = 4

/** The route was made for a received packet. */
export const RT_F_INPUT = 1
/** RTCF_LOCAL: the packet is for this namespace. */
export const RT_F_LOCAL = 2
/** RTCF_BROADCAST. */
export const RT_F_BROADCAST = 4
/** RTCF_MULTICAST. */
export const RT_F_MULTICAST = 8
/** A route has been chosen (some have no record: limited broadcast, no route at all). */
export const RT_F_VALID = 16

/** IPSKB_FORWARDED. */
export const IP_F_FORWARDED = 1
/** IPSKB_DOREDIRECT. */
export const IP_F_DOREDIRECT = 2
/** A reassembled datagram, at least one fragment of which had DF set. */
export const IP_F_FRAG_DF = 4
/** Source address may be any (FLOWI_FLAG_ANYSRC). */
export const IP_F_ANYSRC = 8
/** The datagram was reassembled for conntrack: output splits it again. */
export const IP_F_DEFRAGGED = 16
/** Source routing option present (srr). */
export const IP_F_SOURCE_ROUTE = 32
/** A record route option took an address on reception; forwarding writes its own over it (rr_needaddr). */
export const IP_F_RECORD_ROUTE = 64

/** This packet was made by this namespace (an answer, an ICMP error, a socket's segment), not received. */
export const SKB_F_LOCAL = 1
/** Sent by REJECT or an ICMP error path: never answered by another error. */
export const SKB_F_ERROR = 2
/** A fragment whose tuple has no ports (fragoff > 0). */
export const SKB_F_LATER_FRAGMENT = 4
/** The packet is traced (TRACE target, or the host asked). */
export const SKB_F_TRACE = 8
/** More-fragments bit set. */
export const SKB_F_MORE_FRAGMENTS = 16
/** MASQUERADE/SNAT/DNAT changed the tuple at this hook: the walk must look at the route again. */
export const SKB_F_REROUTE = 32
