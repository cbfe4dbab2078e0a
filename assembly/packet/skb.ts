// The packet buffer's accessors: one load or store each. The layout and its units are in src/abi/skb.ts; ports are in
// network byte order.

import {
  SKB_CT,
  SKB_CTINFO,
  SKB_DATA,
  SKB_DST,
  SKB_FAMILY,
  SKB_FLAGS,
  SKB_FRAGOFF,
  SKB_INDEV,
  SKB_L3,
  SKB_L3LEN,
  SKB_L4,
  SKB_L4LEN,
  SKB_LEN,
  SKB_MARK,
  SKB_NETNS,
  SKB_NEXT,
  SKB_OUTDEV,
  SKB_PHYSIN,
  SKB_PKTTYPE,
  SKB_TCPFLAGS,
  SKB_RT_TYPE,
  SKB_RT_FLAGS,
  SKB_WORK,
  SKB_FRAG_MAX,
  SKB_IP_FLAGS,
  SKB_SOCKET,
  SKB_ROOM,
  SKB_NEXTHOP,
} from '../../src/abi/skb.ts'
import {
  TUPLE_DPORT,
  TUPLE_DST,
  TUPLE_L3NUM,
  TUPLE_PROTO,
  TUPLE_SPORT,
  TUPLE_SRC,
} from '../../src/abi/tuple.ts'

export abstract class Skb {
  /** Where the 16 bytes of the source address are. */
  @inline static src(skb: usize): usize {
    return skb + TUPLE_SRC
  }

  /** Where the 16 bytes of the destination address are. */
  @inline static dst16(skb: usize): usize {
    return skb + TUPLE_DST
  }

  @inline static hasFlag(skb: usize, flag: u32): bool {
    return (load<u8>(skb, SKB_FLAGS) & flag) != 0
  }

  @inline static addFlag(skb: usize, flag: u32): void {
    store<u8>(skb, load<u8>(skb, SKB_FLAGS) | flag, SKB_FLAGS)
  }

  @inline static dropFlag(skb: usize, flag: u32): void {
    store<u8>(skb, load<u8>(skb, SKB_FLAGS) & ~flag, SKB_FLAGS)
  }

  @inline static sport(skb: usize): u32 {
    return load<u16>(skb, TUPLE_SPORT)
  }

  @inline static setSport(skb: usize, value: u32): void {
    store<u16>(skb, value, TUPLE_SPORT)
  }

  @inline static dport(skb: usize): u32 {
    return load<u16>(skb, TUPLE_DPORT)
  }

  @inline static setDport(skb: usize, value: u32): void {
    store<u16>(skb, value, TUPLE_DPORT)
  }

  @inline static proto(skb: usize): u32 {
    return load<u8>(skb, TUPLE_PROTO)
  }

  @inline static setProto(skb: usize, value: u32): void {
    store<u8>(skb, value, TUPLE_PROTO)
  }

  /**
   * The tuple behind the addresses: ports as they lie in the header, protocol, family; padding cleared. One store,
   * because it is read back as one word (see Address.mapped).
   */
  @inline static setTransport(skb: usize, ports: u32, proto: u32): void {
    const l3num = Skb.family(skb)
    store<u64>(skb, (ports as u64) | ((proto as u64) << 32) | ((l3num as u64) << 40), TUPLE_SPORT)
  }

  @inline static l3num(skb: usize): u32 {
    return load<u8>(skb, TUPLE_L3NUM)
  }

  @inline static setL3num(skb: usize, value: u32): void {
    store<u8>(skb, value, TUPLE_L3NUM)
  }

  @inline static data(skb: usize): usize {
    return load<u32>(skb, SKB_DATA)
  }

  @inline static setData(skb: usize, value: usize): void {
    store<u32>(skb, value as u32, SKB_DATA)
  }

  @inline static len(skb: usize): u32 {
    return load<u32>(skb, SKB_LEN)
  }

  @inline static setLen(skb: usize, value: u32): void {
    store<u32>(skb, value, SKB_LEN)
  }

  @inline static l3(skb: usize): usize {
    return load<u32>(skb, SKB_L3)
  }

  @inline static setL3(skb: usize, value: usize): void {
    store<u32>(skb, value as u32, SKB_L3)
  }

  @inline static l4(skb: usize): usize {
    return load<u32>(skb, SKB_L4)
  }

  @inline static setL4(skb: usize, value: usize): void {
    store<u32>(skb, value as u32, SKB_L4)
  }

  @inline static netns(skb: usize): usize {
    return load<u32>(skb, SKB_NETNS)
  }

  @inline static setNetns(skb: usize, value: usize): void {
    store<u32>(skb, value as u32, SKB_NETNS)
  }

  @inline static indev(skb: usize): usize {
    return load<u32>(skb, SKB_INDEV)
  }

  @inline static setIndev(skb: usize, value: usize): void {
    store<u32>(skb, value as u32, SKB_INDEV)
  }

  @inline static outdev(skb: usize): usize {
    return load<u32>(skb, SKB_OUTDEV)
  }

  @inline static setOutdev(skb: usize, value: usize): void {
    store<u32>(skb, value as u32, SKB_OUTDEV)
  }

  @inline static mark(skb: usize): u32 {
    return load<u32>(skb, SKB_MARK)
  }

  @inline static setMark(skb: usize, value: u32): void {
    store<u32>(skb, value, SKB_MARK)
  }

  @inline static ct(skb: usize): usize {
    return load<u32>(skb, SKB_CT)
  }

  @inline static setCt(skb: usize, value: usize): void {
    store<u32>(skb, value as u32, SKB_CT)
  }

  @inline static ctinfo(skb: usize): u32 {
    return load<u8>(skb, SKB_CTINFO)
  }

  @inline static setCtinfo(skb: usize, value: u32): void {
    store<u8>(skb, value, SKB_CTINFO)
  }

  @inline static family(skb: usize): u32 {
    return load<u8>(skb, SKB_FAMILY)
  }

  @inline static setFamily(skb: usize, value: u32): void {
    store<u8>(skb, value, SKB_FAMILY)
  }

  @inline static pkttype(skb: usize): u32 {
    return load<u8>(skb, SKB_PKTTYPE)
  }

  @inline static setPkttype(skb: usize, value: u32): void {
    store<u8>(skb, value, SKB_PKTTYPE)
  }

  @inline static flags(skb: usize): u32 {
    return load<u8>(skb, SKB_FLAGS)
  }

  @inline static setFlags(skb: usize, value: u32): void {
    store<u8>(skb, value, SKB_FLAGS)
  }

  @inline static fragoff(skb: usize): u32 {
    return load<u16>(skb, SKB_FRAGOFF)
  }

  @inline static setFragoff(skb: usize, value: u32): void {
    store<u16>(skb, value, SKB_FRAGOFF)
  }

  @inline static l3len(skb: usize): u32 {
    return load<u16>(skb, SKB_L3LEN)
  }

  @inline static setL3len(skb: usize, value: u32): void {
    store<u16>(skb, value, SKB_L3LEN)
  }

  @inline static l4len(skb: usize): u32 {
    return load<u32>(skb, SKB_L4LEN)
  }

  @inline static setL4len(skb: usize, value: u32): void {
    store<u32>(skb, value, SKB_L4LEN)
  }

  @inline static next(skb: usize): usize {
    return load<u32>(skb, SKB_NEXT)
  }

  @inline static setNext(skb: usize, value: usize): void {
    store<u32>(skb, value as u32, SKB_NEXT)
  }

  @inline static tcpflags(skb: usize): u32 {
    return load<u8>(skb, SKB_TCPFLAGS)
  }

  @inline static setTcpflags(skb: usize, value: u32): void {
    store<u8>(skb, value, SKB_TCPFLAGS)
  }

  @inline static dst(skb: usize): usize {
    return load<u32>(skb, SKB_DST)
  }

  @inline static setDst(skb: usize, value: usize): void {
    store<u32>(skb, value as u32, SKB_DST)
  }

  @inline static physin(skb: usize): usize {
    return load<u32>(skb, SKB_PHYSIN)
  }

  @inline static setPhysin(skb: usize, value: usize): void {
    store<u32>(skb, value as u32, SKB_PHYSIN)
  }

  /** Where the 16 bytes of the next hop are. */
  @inline static nexthop(skb: usize): usize {
    return skb + SKB_NEXTHOP
  }

  @inline static rtType(skb: usize): u32 {
    return load<u8>(skb, SKB_RT_TYPE)
  }

  @inline static setRtType(skb: usize, value: u32): void {
    store<u8>(skb, value, SKB_RT_TYPE)
  }

  @inline static rtFlags(skb: usize): u32 {
    return load<u8>(skb, SKB_RT_FLAGS)
  }

  @inline static setRtFlags(skb: usize, value: u32): void {
    store<u8>(skb, value, SKB_RT_FLAGS)
  }

  @inline static work(skb: usize): u32 {
    return load<u8>(skb, SKB_WORK)
  }

  @inline static setWork(skb: usize, value: u32): void {
    store<u8>(skb, value, SKB_WORK)
  }

  @inline static fragMax(skb: usize): u32 {
    return load<u16>(skb, SKB_FRAG_MAX)
  }

  @inline static setFragMax(skb: usize, value: u32): void {
    store<u16>(skb, value, SKB_FRAG_MAX)
  }

  @inline static ipFlags(skb: usize): u32 {
    return load<u16>(skb, SKB_IP_FLAGS)
  }

  @inline static setIpFlags(skb: usize, value: u32): void {
    store<u16>(skb, value, SKB_IP_FLAGS)
  }

  @inline static socket(skb: usize): usize {
    return load<u32>(skb, SKB_SOCKET)
  }

  @inline static setSocket(skb: usize, value: usize): void {
    store<u32>(skb, value as u32, SKB_SOCKET)
  }

  @inline static room(skb: usize): u32 {
    return load<u32>(skb, SKB_ROOM)
  }

  @inline static setRoom(skb: usize, value: u32): void {
    store<u32>(skb, value, SKB_ROOM)
  }
}
