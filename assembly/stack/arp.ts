// ARP for IPv4 over Ethernet (net/ipv4/arp.c: arp_process): answers for own addresses, learns who asks and who
// answers. Modelled: arp_ignore 0 and 1, gratuitous ARP updates a known entry. Not modelled: proxy ARP.

import { CONF4_ARP_IGNORE } from '../../src/abi/conf.ts'
import {
  ARP_HLN,
  ARP_HRD,
  ARP_OP,
  ARP_PLN,
  ARP_PRO,
  ARP_REPLY_BE,
  ARP_REQUEST_BE,
  ARP_SHA,
  ARP_SIZE,
  ARP_SPA,
  ARP_THA,
  ARP_TPA,
  ETH_HLEN,
  ETH_P_ARP_BE,
  ETH_P_IP_BE,
  PACKET_HOST,
  PACKET_OTHERHOST,
} from '../../src/abi/headers.ts'
import { LINK_KIND_LOOPBACK } from '../../src/abi/link.ts'
import { NUD_FAILED, NUD_INCOMPLETE, NUD_REACHABLE } from '../../src/abi/neigh.ts'
import { REASON_CONSUMED, REASON_NEIGH_INVALID } from '../../src/abi/reason.ts'
import { RTN_LOCAL } from '../../src/abi/route.ts'
import { SKB_NETWORK } from '../../src/abi/skb.ts'
import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import { Addr } from '../netns/addr.ts'
import { Conf } from '../netns/conf.ts'
import { Fib } from '../netns/fib.ts'
import { Link } from '../netns/link.ts'
import { Neigh } from '../netns/neigh.ts'
import { Address } from '../packet/address.ts'
import { Pool } from '../packet/pool.ts'
import { Skb } from '../packet/skb.ts'
import { Drop } from './drop.ts'
import { Ndp } from './ndp.ts'
import { Transmit } from './transmit.ts'

const SENDER = memory.data(16, 16)
const TARGET = memory.data(16, 16)

export abstract class Arp {
  /** A frame with an ARP message at l3. The frame ends here. */
  static receive(skb: usize, l3: usize, length: u32): void {
    const dev = Skb.indev(skb)
    if (
      length < (ARP_SIZE as u32) ||
      Skb.pkttype(skb) == PACKET_OTHERHOST ||
      Link.kind(dev) == LINK_KIND_LOOPBACK ||
      load<u16>(l3, ARP_HRD) != 0x0100 ||
      load<u16>(l3, ARP_PRO) != ETH_P_IP_BE ||
      load<u8>(l3, ARP_HLN) != 6 ||
      load<u8>(l3, ARP_PLN) != 4
    ) {
      Drop.packet(skb, REASON_NEIGH_INVALID)
      return
    }
    const op = load<u16>(l3, ARP_OP) as u32
    const sender = load<u32>(l3, ARP_SPA)
    const target = load<u32>(l3, ARP_TPA)
    if (
      (op != ARP_REQUEST_BE && op != ARP_REPLY_BE) ||
      Address.isMulticast4(target) ||
      Address.isLoopback4(target)
    ) {
      Drop.packet(skb, REASON_NEIGH_INVALID)
      return
    }
    const netns = Skb.netns(skb)
    Address.mapped(SENDER, sender)
    Address.mapped(TARGET, target)
    if (op == ARP_REQUEST_BE) {
      const ours = Fib.addressType(netns, NFPROTO_IPV4, TARGET, 0) == RTN_LOCAL && !Arp.ignores(dev)
      if (ours) {
        // A sender of 0.0.0.0 asks whether the address is taken; nothing is learnt from it.
        if (sender != 0) {
          const neigh = Neigh.make(netns, dev, SENDER, false)
          if (neigh != 0) Ndp.learn(neigh, l3 + ARP_SHA)
        }
        Arp.reply(dev, l3)
        Drop.consume(skb, REASON_CONSUMED)
        return
      }
    }
    const known = Neigh.find(netns, dev, SENDER)
    if (known != 0) {
      const state = Neigh.state(known)
      const answer = op == ARP_REPLY_BE && Skb.pkttype(skb) == PACKET_HOST
      if (answer || state == NUD_INCOMPLETE || state == NUD_REACHABLE || state == NUD_FAILED) {
        Ndp.learn(known, l3 + ARP_SHA)
      }
    }
    Drop.consume(skb, REASON_CONSUMED)
  }

  /** arp_ignore 1: only addresses of the interface asked. */
  private static ignores(dev: usize): bool {
    if (Conf.max4(dev, CONF4_ARP_IGNORE) == 0) return false
    return Addr.find(dev, NFPROTO_IPV4, TARGET) == 0
  }

  private static reply(dev: usize, asked: usize): void {
    const skb = Pool.take(ETH_HLEN + ARP_SIZE)
    if (skb == 0) return
    const arp = skb + SKB_NETWORK
    Transmit.begin(skb, dev, arp, ARP_SIZE, ETH_P_ARP_BE)
    Transmit.address(Skb.data(skb), asked + ARP_SHA)
    memory.copy(arp, asked, ARP_OP)
    store<u16>(arp, ARP_REPLY_BE, ARP_OP)
    Transmit.address(arp + ARP_SHA, Link.mac(dev))
    store<u32>(arp, load<u32>(asked, ARP_TPA), ARP_SPA)
    Transmit.address(arp + ARP_THA, asked + ARP_SHA)
    store<u32>(arp, load<u32>(asked, ARP_SPA), ARP_TPA)
    Transmit.frame(skb, dev)
  }
}
