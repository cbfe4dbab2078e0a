import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/sim/random.ts'
import { TcpTwin, type Settings } from '../../reference/conntrack/tcp.ts'
import { tcpPacket } from '../../support/conntrack/packets.ts'
import { conversation } from '../../support/conntrack/segments.ts'
import { Tracker } from '../../support/conntrack/tracker.ts'

const SEED = 20_250_101
const CLIENT = '10.0.0.1:1000'
const SERVER = '10.0.0.2:80'

describe(`TCP against its twin (seed ${SEED})`, () => {
  it('says the same of every segment, and has the same entry after it', () => {
    const tracker = new Tracker()
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        fc.integer({ min: 1, max: 16 }),
        fc.record({
          liberal: fc.boolean(),
          loose: fc.boolean(),
          ignoreInvalidReset: fc.boolean(),
          maxRetrans: fc.constantFrom(1, 3),
        }),
        (seed, length, settings) => {
          tracker.conntrack.flush(1)
          apply(tracker, settings)
          const twin = new TcpTwin(settings)
          for (const [index, { from, header }] of conversation(new Random(seed), length).entries()) {
            // The twin knows no checksums and no broken headers.
            const { checksum: _checksum, dataOffset: _offset, ...whole } = header
            const forth = from === 'client'
            const packet = tcpPacket(forth ? CLIENT : SERVER, forth ? SERVER : CLIENT, whole.flags!, whole)
            const engine = tracker.forward(packet).state
            const expected = twin.see({
              from,
              flags: whole.flags!,
              seq: whole.seq!,
              ack: whole.ack!,
              window: whole.window!,
              size: whole.payload!.length,
              options: whole.options!,
            })
            expect([index, engine, entryOf(tracker)]).toEqual([index, expected, twinEntry(twin)])
          }
        },
      ),
      { seed: SEED, numRuns: 3000 },
    )
  })
})

function apply(tracker: Tracker, settings: Settings): void {
  const set = (key: string, value: number) =>
    tracker.conntrack.setSysctl(tracker.block, `net.netfilter.nf_conntrack_tcp_${key}`, String(value))
  set('be_liberal', settings.liberal ? 1 : 0)
  set('loose', settings.loose ? 1 : 0)
  set('ignore_invalid_rst', settings.ignoreInvalidReset ? 1 : 0)
  set('max_retrans', settings.maxRetrans)
}

function entryOf(tracker: Tracker): string {
  const [entry] = tracker.conntrack.list(1)
  if (!entry) return 'none'
  const { state, timeout, assured, replied, original } = entry
  return `${original.ports!.source} ${state} ${timeout} ${assured} ${replied}`
}

function twinEntry({ connection, client }: TcpTwin): string {
  if (!connection) return 'none'
  const { state, timeout, assured, seenReply } = connection
  return `${client === 'client' ? 1000 : 80} ${state} ${timeout} ${assured} ${seenReply}`
}
