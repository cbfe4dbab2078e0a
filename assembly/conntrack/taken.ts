// Whether a binding that NAT considers would collide (net/netfilter/nf_conntrack_core.c: nf_conntrack_tuple_taken;
// nf_nat_core.c: nf_nat_used_tuple, nf_nat_used_tuple_new, nf_nat_used_tuple_harder). Only what comes in is looked up,
// so a binding is judged by the reply it would lead to.

import { Clash } from './clash.ts'
import { Ct, Ref } from './ct.ts'
import { CtNet } from './ctnet.ts'
import { Life } from './life.ts'
import { Lookup } from './lookup.ts'
import { Seen } from './tcp/seen.ts'
import { IPPROTO_TCP, Tuple } from './tuple.ts'
import {
  CTNET_STAT_FOUND,
  IPS_DYING,
  IPS_FIXED_TIMEOUT,
  IPS_NAT_MASK,
  IPS_SEQ_ADJUST,
  IPS_SRC_NAT,
  IP_CT_DIR_ORIGINAL,
  IP_CT_DIR_REPLY,
  TCP_CONNTRACK_SYN_SENT,
  TCP_CONNTRACK_TIME_WAIT,
} from '../../src/abi/conntrack.ts'

const REPLY = memory.data(48, 16)

/** NF_NAT_HARDER_THRESH: with this few attempts left, a finished TCP connection may be evicted for its port. */
const HARDER_BELOW: u32 = 32

export abstract class Taken {
  /** Somebody else's confirmed entry has this reply. Two entries of one original tuple are left to clash. */
  static byReply(reply: usize, ct: usize): bool {
    const net = Ct.net(ct)
    const zone = Ct.zone(ct, IP_CT_DIR_REPLY)
    const ref = Life.find(reply, CtNet.netnsId(net), zone)
    if (ref == 0 || Ref.ct(ref) == ct) return false
    const other = Ref.ct(ref)
    const sameFlow =
      Tuple.equal(Ct.original(ct), Ct.original(other)) &&
      Ct.zone(ct, IP_CT_DIR_ORIGINAL) == Ct.zone(other, IP_CT_DIR_ORIGINAL)
    if (sameFlow) return false
    CtNet.count(net, CTNET_STAT_FOUND)
    return true
  }

  static by(tuple: usize, ct: usize): bool {
    Tuple.invert(REPLY, tuple)
    return Taken.byReply(REPLY, ct)
  }

  /** For a tuple that NAT would leave alone: a collision with the same flow seen from its other end does not count. */
  static byNew(tuple: usize, ct: usize): bool {
    if (!Taken.by(tuple, ct)) return false
    if (!Clash.isAllowed(Ct.proto(ct)) || Ct.has(ct, IPS_NAT_MASK | IPS_SEQ_ADJUST)) return true
    const id = CtNet.netnsId(Ct.net(ct))
    const zones = Ct.zone(ct, IP_CT_DIR_ORIGINAL) | (Ct.zone(ct, IP_CT_DIR_REPLY) << 16)
    let ref = Lookup.find(tuple, id, zones)
    if (ref == 0) {
      Tuple.invert(REPLY, tuple)
      ref = Lookup.find(REPLY, id, zones)
      if (ref == 0) return false
    }
    const other = Ref.ct(ref)
    if (Ct.has(other, IPS_NAT_MASK | IPS_SEQ_ADJUST)) return true
    return !Tuple.equal(Ct.original(other), Ct.reply(ct))
  }

  /** With few attempts left, a TCP connection in TIME_WAIT whose sequence numbers are behind gives its port up. */
  static byHarder(tuple: usize, ct: usize, attemptsLeft: u32): bool {
    Tuple.invert(REPLY, tuple)
    const gentle =
      attemptsLeft > HARDER_BELOW ||
      Tuple.proto(tuple) != IPPROTO_TCP ||
      Ct.state(ct) != TCP_CONNTRACK_SYN_SENT
    if (gentle) return Taken.byReply(REPLY, ct)
    const zones = Ct.zone(ct, IP_CT_DIR_ORIGINAL) | (Ct.zone(ct, IP_CT_DIR_REPLY) << 16)
    const ref = Lookup.find(REPLY, CtNet.netnsId(Ct.net(ct)), zones)
    if (ref == 0) return false
    const other = Ref.ct(ref)
    const status = Ct.status(other)
    if (Ref.dir(ref) == IP_CT_DIR_ORIGINAL || Ct.state(other) < (TCP_CONNTRACK_TIME_WAIT as u32)) return true
    if (status & (IPS_FIXED_TIMEOUT | IPS_DYING) || (status & IPS_SRC_NAT) == 0) return true
    const advanced = ((Seen.end(Seen.of(ct, 0)) - Seen.end(Seen.of(other, 0))) as i32) > 0
    return !advanced || !Life.kill(other)
  }
}
