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
//     | next  | tcpflg | dst    | physin |           (up to SKB_HEADER)
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
export const SKB_HEADER = 192

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
