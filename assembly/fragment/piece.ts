// Where a fragment goes among the others of its datagram (net/ipv4/inet_fragment.c: inet_frag_queue_insert). A piece
// is a packet buffer whose l4 and l4len are its share of the payload and whose fragoff is its place. Pieces that came
// one behind the other form a run; a duplicate is told from an overlap by runs, as in Linux.

import { FRAGQ_HEAD, FRAGQ_TAIL } from '../../src/abi/fragment.ts'
import { SKB_NEXTHOP, SKB_SERIAL } from '../../src/abi/skb.ts'
import { Skb } from '../packet/skb.ts'

export const PIECE_OK = 0
/** All of it has come before: drop it, keep the others. */
export const PIECE_DUPLICATE = 1
/** It disagrees with the others: the datagram is given up (RFC 5722). */
export const PIECE_OVERLAP = 2

export abstract class Piece {
  @inline static start(piece: usize): u32 {
    return Skb.fragoff(piece)
  }

  @inline static end(piece: usize): u32 {
    return Skb.fragoff(piece) + Skb.l4len(piece)
  }

  /** The run a piece belongs to: the serial of its first piece, kept where no route is needed yet. */
  @inline private static run(piece: usize): u32 {
    return load<u32>(piece, SKB_NEXTHOP)
  }

  @inline private static setRun(piece: usize, run: u32): void {
    store<u32>(piece, run, SKB_NEXTHOP)
  }

  /** Puts the piece [start, end) in its place. */
  static insert(queue: usize, piece: usize): u32 {
    const start = Piece.start(piece)
    const end = Piece.end(piece)
    const tail: usize = load<u32>(queue, FRAGQ_TAIL)
    Skb.setNext(piece, 0)
    Piece.setRun(piece, load<u32>(piece, SKB_SERIAL))
    if (tail == 0) {
      store<u32>(queue, piece as u32, FRAGQ_HEAD)
      store<u32>(queue, piece as u32, FRAGQ_TAIL)
      return PIECE_OK
    }
    const edge = Piece.end(tail)
    if (edge < end) {
      if (start < edge) return PIECE_OVERLAP
      if (start == edge) Piece.setRun(piece, Piece.run(tail))
      Skb.setNext(tail, piece)
      store<u32>(queue, piece as u32, FRAGQ_TAIL)
      return PIECE_OK
    }
    return Piece.insertBetween(queue, piece, start, end)
  }

  private static insertBetween(queue: usize, piece: usize, start: u32, end: u32): u32 {
    let before: usize = 0
    let at: usize = load<u32>(queue, FRAGQ_HEAD)
    while (at != 0) {
      const runStart = Piece.start(at)
      if (end <= runStart) break
      let last = at
      while (Skb.next(last) != 0 && Piece.run(Skb.next(last)) == Piece.run(at)) last = Skb.next(last)
      const runEnd = Piece.end(last)
      if (start < runEnd) return start >= runStart && end <= runEnd ? PIECE_DUPLICATE : PIECE_OVERLAP
      before = last
      at = Skb.next(last)
    }
    Skb.setNext(piece, at)
    if (before == 0) store<u32>(queue, piece as u32, FRAGQ_HEAD)
    else Skb.setNext(before, piece)
    return PIECE_OK
  }
}
