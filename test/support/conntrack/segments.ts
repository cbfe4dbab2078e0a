/**
 * Random TCP conversations for comparing trackers: two ends that mostly behave, and segments that do not. A
 * conversation reaches every state of the machine often; numbers stay near the edges of the windows.
 */
import type { Random } from '../../../src/sim/random.ts'
import type { Tcp } from '../packet/build.ts'

export interface TalkSegment {
  readonly from: 'client' | 'server'
  readonly header: Omit<Tcp, 'sourcePort' | 'destinationPort'>
}

interface End {
  next: number
  acked: number
  window: number
}

const FLAG_SETS = ['S', 'SA', 'A', 'PA', 'FA', 'R', 'RA', 'F', 'SF', '', 'SR', 'FUA', 'UA', 'SU', 'SEW', 'P']
const DELTAS = [
  0, 0, 0, 0, 0, 1, -1, 2, 500, -500, 1460, 64_240, 66_001, -66_001, 70_000, -70_000, 0x7fff_ffff,
]
const WINDOWS = [64_240, 65_535, 1000, 1, 0, 501]

export function conversation(random: Random, length: number): TalkSegment[] {
  const ends = {
    client: { next: random.uint32(), acked: 0, window: pick(random, WINDOWS) },
    server: { next: random.uint32(), acked: 0, window: pick(random, WINDOWS) },
  }
  const wild = random.below(4)
  const segments: TalkSegment[] = []
  const script = opening(random)
  for (let i = 0; i < length; i++) {
    const scripted = script[i] !== undefined && random.below(8) >= wild
    const from = scripted ? script[i]!.from : random.below(2) === 0 ? 'client' : 'server'
    const flags = scripted ? script[i]!.flags : pick(random, FLAG_SETS.slice(0, 6 + 4 * wild))
    segments.push({ from, header: segment(random, flags, ends[from], other(ends, from), scripted, wild) })
  }
  return segments
}

function other<T>(ends: { client: T; server: T }, from: 'client' | 'server'): T {
  return from === 'client' ? ends.server : ends.client
}

/** How conversations begin and end when nothing goes wrong. */
function opening(random: Random): readonly { from: 'client' | 'server'; flags: string }[] {
  const c = (flags: string) => ({ from: 'client' as const, flags })
  const s = (flags: string) => ({ from: 'server' as const, flags })
  return pick(random, [
    [c('S'), s('SA'), c('A'), c('PA'), s('A'), s('PA'), c('A'), c('FA'), s('A'), s('FA'), c('A'), c('S')],
    [c('S'), s('SA'), c('A'), s('FA'), c('FA'), s('A'), c('S'), s('SA'), c('A')],
    [c('S'), s('SA'), c('A'), c('PA'), s('RA'), c('S'), s('SA'), c('A')],
    [c('S'), s('SA'), c('A'), c('S'), s('A'), c('R'), c('S'), s('SA'), c('A')],
    [c('S'), s('RA'), c('S'), s('SA'), c('R')],
    [c('S'), c('S'), s('S'), c('SA'), s('SA'), c('A'), s('A')],
    [c('S'), s('A'), c('R'), c('S'), s('SA'), c('A')],
    [c('A'), s('A'), c('PA'), s('A'), s('FA'), c('FA'), s('A'), c('S')],
    [c('PA'), c('PA'), s('A'), s('R'), c('S')],
    [c('S'), s('SA'), c('A'), c('FA'), s('FA'), c('S'), s('A'), c('A'), c('S')],
  ])
}

function segment(
  random: Random,
  flags: string,
  self: End,
  peer: End,
  exact: boolean,
  wild: number,
): TalkSegment['header'] {
  const size = flags.includes('P') ? pick(random, [1, 100, 1400]) : 0
  const off = () => (exact || random.below(4) >= wild ? 0 : pick(random, DELTAS))
  const seqOff = off()
  const seq = (self.next + seqOff) >>> 0
  const ack = flags.includes('A') ? (peer.next + off()) >>> 0 : random.below(8) === 0 ? random.uint32() : 0
  if (!exact && random.below(16) === 0) self.window = pick(random, WINDOWS)
  if (seqOff === 0) {
    const step = size + (flags.includes('S') ? 1 : 0) + (flags.includes('F') ? 1 : 0)
    self.next = (self.next + step) >>> 0
  }
  const zeroSeq = flags.includes('R') && random.below(4) === 0
  return {
    flags,
    seq: zeroSeq ? 0 : seq,
    ack: flags === 'RA' && random.below(6) === 0 ? 0 : ack,
    window: self.window,
    options: options(random, flags, ack),
    payload: new Uint8Array(size),
    ...(random.below(60) === 0 && { checksum: 0x1234 }),
    ...(random.below(80) === 0 && { dataOffset: random.below(16) }),
  }
}

/** Kinds and lengths that trackers read, some of them cut short. */
function options(random: Random, flags: string, ack: number): Uint8Array {
  const block = (right: number) => [5, 10, ...word(right - 100), ...word(right)]
  if (flags.includes('S')) {
    return Uint8Array.from(
      pick(random, [
        [2, 4, 5, 180, 4, 2, 1, 3, 3, 7, 0, 0],
        [2, 4, 5, 180, 1, 3, 3, 15],
        [4, 2, 1, 1],
        [],
        [3, 3, 2, 0],
        [2, 4, 5, 180, 3, 9, 1, 1],
      ]),
    )
  }
  return Uint8Array.from(
    pick(random, [
      [],
      [],
      [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2],
      [1, 1, ...block(ack + 1460)],
      [1, 1, ...block(ack + 70_000)],
      [1, 1, 5, 12, 0, 0, 0, 1],
      [1, 0, 5, 10],
    ]),
  )
}

function word(value: number): number[] {
  const v = value >>> 0
  return [v >>> 24, (v >>> 16) & 255, (v >>> 8) & 255, v & 255]
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)]!
}
