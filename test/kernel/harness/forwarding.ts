/**
 * The engine's conntrack alone against the kernel's: a node forwards packets between the two hosts and writes what
 * `-m conntrack --ctstate` says of each into its TTL. States, what leaves (but for the TTL) and the tables are compared.
 */
import { expect } from 'vitest'
import { parseConntrackList, printConntrack, type ConntrackEntry } from '../../../src/kernel/conntrack.ts'
import type { CtState, Tracker } from '../../support/conntrack/tracker.ts'
import type { Kernel } from './kernel.ts'
import { a, b } from './sides.ts'
import { TOPOLOGY } from './topology.ts'

/** A packet of one of many flows, which side sends it, and what the engine made of it. */
export interface Sent {
  readonly flow: number
  readonly side: 'a' | 'b'
  readonly packet: Uint8Array
  readonly label: string
  readonly state: CtState | null
  /** As it leaves, `null` when it does not. */
  readonly out: Uint8Array | null
  /** Milliseconds before it. */
  readonly after?: number
}

const TTL: ReadonlyMap<number, CtState> = new Map([
  [10, 'INVALID'],
  [20, 'NEW'],
  [30, 'ESTABLISHED'],
  [40, 'RELATED'],
  [50, 'UNTRACKED'],
])
const MARKING = [...TTL].flatMap(([ttl, state]) => [
  `ip netns exec node iptables -t mangle -A POSTROUTING -m conntrack --ctstate ${state} -j TTL --ttl-set ${ttl}`,
  `ip netns exec node ip6tables -t mangle -A POSTROUTING -m conntrack --ctstate ${state} -j HL --hl-set ${ttl}`,
])
const ETHERNET = 14
/** Seconds that real time may have taken off a timeout. */
const SLACK = 4

export async function compareForwarding(
  kernel: Kernel,
  tracker: Tracker,
  sent: readonly Sent[],
  setup: readonly string[] = [],
): Promise<void> {
  const frames = sent.map(({ side, packet, after }) =>
    (side === 'a' ? a : b).packet(packet, after === undefined ? {} : { after }),
  )
  const script = [TOPOLOGY, ...MARKING, ...setup].join('\n')
  const { captured, outputs } = await kernel.outcome({ script, frames, watch: [a.port, b.port] }, [
    'ip netns exec node conntrack -L',
  ])
  const packets = captured.map(({ cause, bytes }) => [cause, bytes.subarray(ETHERNET)] as const)
  const theirs = new Map(packets.filter(([, packet]) => !isMulticastReport(packet)))
  comparePackets(sent, theirs)
  compareTables(parseConntrackList(outputs[0]!.text), tracker)
}

function comparePackets(sent: readonly Sent[], theirs: ReadonlyMap<number, Uint8Array>): void {
  const lines = sent.map(({ label, state, out }, index) => {
    const packet = theirs.get(index)
    const kernelState = packet === undefined ? null : (TTL.get(packet[ttlOffset(packet)]!) ?? '?')
    const same = kernelState === state && hex(packet) === hex(out)
    const bytes = hex(packet) === hex(out) ? '' : `\n  kernel ${hex(packet)}\n  engine ${hex(out)}`
    return { same, text: `${index} ${label}: kernel ${kernelState}, engine ${state}${bytes}` }
  })
  const wrong = new Set(sent.flatMap(({ flow }, index) => (lines[index]!.same ? [] : [flow])))
  const [first] = wrong
  if (first === undefined) return
  const story = sent.flatMap(({ flow }, index) => (flow === first ? [lines[index]!.text] : []))
  expect.fail(`${wrong.size} flows differ; the first:\n${story.join('\n')}`)
}

function compareTables(left: readonly ConntrackEntry[], tracker: Tracker): void {
  const right = parseConntrackList(tracker.list().join('\n'))
  const sorted = (entries: readonly ConntrackEntry[]) => entries.map(keyOf).sort()
  expect(sorted(right)).toEqual(sorted(left))
  const timeouts = new Map(left.map((entry) => [keyOf(entry), entry.timeout]))
  const off = right.filter((entry) => {
    const theirs = timeouts.get(keyOf(entry))!
    return entry.timeout < theirs || entry.timeout > theirs + SLACK
  })
  expect(off.map((entry) => `${printConntrack(entry)}: kernel ${timeouts.get(keyOf(entry))}`)).toEqual([])
}

function keyOf(entry: ConntrackEntry): string {
  return printConntrack({ ...entry, timeout: 0 })
}

/** What the node says by itself: to ff02::/16. */
function isMulticastReport(packet: Uint8Array): boolean {
  return packet[0]! >> 4 === 6 && packet[24] === 0xff && packet[25] === 2
}

function ttlOffset(packet: Uint8Array): number {
  return packet[0]! >> 4 === 6 ? 7 : 8
}

/** A packet without its TTL and IPv4 header checksum. */
function hex(packet: Uint8Array | null | undefined): string {
  if (!packet) return 'nothing'
  const copy = packet.slice()
  copy[ttlOffset(copy)] = 0
  if (copy[0]! >> 4 === 4) copy.fill(0, 10, 12)
  return Buffer.from(copy).toString('hex')
}
