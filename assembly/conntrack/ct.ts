// A conntrack entry's accessors (`struct nf_conn`; layout and units in src/abi/conntrack.ts), and those of the
// references that the index hands out.

import { Time } from '../memory/time.ts'
import {
  CT_DIRECTION_STRIDE,
  CT_EXPIRES,
  CT_KEY_ZONE,
  CT_MARK,
  CT_MASQ_INDEX,
  CT_NET,
  CT_ORIGINAL,
  CT_REFS,
  CT_REPLY,
  CT_SERIAL,
  CT_STATUS,
  CT_TCP_STATE,
  IPS_CONFIRMED,
  IPS_DYING,
  IPS_FIXED_TIMEOUT,
  IPS_NAT_CLASH,
  IPS_SRC_NAT_DONE,
  IPS_DST_NAT_DONE,
  IPS_TEMPLATE,
  IP_CT_IS_REPLY,
} from '../../src/abi/conntrack.ts'
import { TUPLE_L3NUM, TUPLE_PROTO } from '../../src/abi/tuple.ts'
import { NF_NAT_MANIP_SRC } from '../../src/abi/nat.ts'

/** The only unit the tables of timeouts are not in: expiry is kept in microseconds. */
const SECOND: u64 = 1_000_000

export abstract class Ct {
  /** The key (and tuple) of a direction: 0 original, 1 reply. */
  @inline static key(ct: usize, dir: u32): usize {
    return ct + CT_ORIGINAL + dir * CT_DIRECTION_STRIDE
  }

  @inline static original(ct: usize): usize {
    return ct + CT_ORIGINAL
  }

  @inline static reply(ct: usize): usize {
    return ct + CT_REPLY
  }

  @inline static status(ct: usize): u32 {
    return load<u32>(ct, CT_STATUS)
  }

  @inline static has(ct: usize, bits: u32): bool {
    return (load<u32>(ct, CT_STATUS) & bits) != 0
  }

  @inline static setStatus(ct: usize, bits: u32): void {
    store<u32>(ct, load<u32>(ct, CT_STATUS) | bits, CT_STATUS)
  }

  @inline static isConfirmed(ct: usize): bool {
    return Ct.has(ct, IPS_CONFIRMED)
  }

  @inline static isDying(ct: usize): bool {
    return Ct.has(ct, IPS_DYING)
  }

  @inline static isTemplate(ct: usize): bool {
    return Ct.has(ct, IPS_TEMPLATE)
  }

  /** The loser of a clash is in no list (nf_ct_resolve_clash_harder). */
  @inline static isHidden(ct: usize): bool {
    return Ct.has(ct, IPS_NAT_CLASH)
  }

  @inline static mark(ct: usize): u32 {
    return load<u32>(ct, CT_MARK)
  }

  @inline static setMark(ct: usize, mark: u32): void {
    store<u32>(ct, mark, CT_MARK)
  }

  @inline static proto(ct: usize): u32 {
    return load<u8>(ct, CT_ORIGINAL + TUPLE_PROTO)
  }

  @inline static l3num(ct: usize): u32 {
    return load<u8>(ct, CT_ORIGINAL + TUPLE_L3NUM)
  }

  /** State of TCP or SCTP. */
  @inline static state(ct: usize): u32 {
    return load<u8>(ct, CT_TCP_STATE)
  }

  @inline static setState(ct: usize, state: u32): void {
    store<u8>(ct, state, CT_TCP_STATE)
  }

  /** The namespace's conntrack block. */
  @inline static net(ct: usize): usize {
    return load<u32>(ct, CT_NET)
  }

  /** Zone id as seen from a direction. */
  @inline static zone(ct: usize, dir: u32): u32 {
    return load<u32>(Ct.key(ct, dir), CT_KEY_ZONE)
  }

  @inline static serial(ct: usize): u32 {
    return load<u32>(ct, CT_SERIAL)
  }

  @inline static masqIndex(ct: usize): u32 {
    return load<u16>(ct, CT_MASQ_INDEX)
  }

  @inline static setMasqIndex(ct: usize, ifindex: u32): void {
    store<u16>(ct, ifindex, CT_MASQ_INDEX)
  }

  @inline static refs(ct: usize): u32 {
    return load<u16>(ct, CT_REFS)
  }

  @inline static hold(ct: usize): void {
    store<u16>(ct, load<u16>(ct, CT_REFS) + 1, CT_REFS)
  }

  @inline static expiresAt(ct: usize): u64 {
    return load<u64>(ct, CT_EXPIRES)
  }

  @inline static setExpiresAt(ct: usize, microseconds: u64): void {
    store<u64>(ct, microseconds, CT_EXPIRES)
  }

  /** Meaningful for confirmed entries only. */
  @inline static isExpired(ct: usize): bool {
    return load<u64>(ct, CT_EXPIRES) <= Time.now()
  }

  /** Whole seconds left to a confirmed entry, as `conntrack -L` and `--ctexpire` show them; 0 when dead. */
  static expiresIn(ct: usize): u32 {
    const at = Ct.expiresAt(ct)
    const left = Ct.isConfirmed(ct) ? (at > Time.now() ? at - Time.now() : 0) : at
    return (left / SECOND) as u32
  }

  /** At least `seconds` are left to a confirmed entry. */
  @inline static lives(ct: usize, seconds: u32): bool {
    return Ct.expiresAt(ct) >= Time.now() + (seconds as u64) * SECOND
  }

  /** Starts the timeout anew, unless it is fixed. Counts from confirmation while unconfirmed. */
  @inline static refresh(ct: usize, seconds: u32): void {
    const status = Ct.status(ct)
    if (status & IPS_FIXED_TIMEOUT) return
    let at = (seconds as u64) * SECOND
    if (status & IPS_CONFIRMED) at += Time.now()
    store<u64>(ct, at, CT_EXPIRES)
  }

  /** nf_nat_initialized: a binding, perhaps a null one, exists for that side. */
  @inline static natInitialized(ct: usize, manip: i32): bool {
    return Ct.has(ct, manip == NF_NAT_MANIP_SRC ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE)
  }

  /** Direction of a packet by its ctinfo. */
  @inline static dirOf(ctinfo: u32): u32 {
    return ctinfo >= (IP_CT_IS_REPLY as u32) ? 1 : 0
  }
}

/** What the index returns: the address of a key, which is a multiple of 64, with its direction in bit 0. 0 is none. */
export abstract class Ref {
  @inline static of(ct: usize, dir: u32): u32 {
    return (Ct.key(ct, dir) | dir) as u32
  }

  @inline static key(ref: u32): usize {
    return ref & ~63
  }

  @inline static dir(ref: u32): u32 {
    return ref & 1
  }

  @inline static ct(ref: u32): usize {
    return (ref & ~63) - (ref & 1) * CT_DIRECTION_STRIDE
  }
}
