import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseIptablesSave, printIptablesSave } from '../../../src/kernel/iptables/index.ts'
import { Node, type Port, hex, toNode } from '../../support/engine/node.ts'
import { type Ip, fragments, frame, tcp, udp } from '../../support/packet/build.ts'
import { MAC } from '../../support/engine/node.ts'

const SEED = 20_260_301
const RULES = `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -p tcp --dport 8083 -j MARK --set-mark 7
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 10.0.9.1/32 -p tcp -j DNAT --to-destination 10.0.1.2:8081
-A PREROUTING -d 10.0.9.2/32 -j DNAT --to-destination 10.0.1.2
-A PREROUTING -d 10.0.9.3/32 -p tcp -j DNAT --to-destination 10.0.1.2:8083
-A POSTROUTING -d 10.0.1.2/32 -p tcp --dport 8081 -j SNAT --to-source 10.0.1.1:7000-7999
-A POSTROUTING -d 10.0.1.2/32 -p tcp --dport 8083 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ALLOWED - [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack --ctstate NEW -j ALLOWED
-A FORWARD -m mark --mark 0x7 -j ACCEPT
-A FORWARD -m conntrack --ctstate DNAT
-A FORWARD -m conntrack ! --ctstate NEW,SNAT
-A FORWARD -j ALLOWED
-A ALLOWED -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ALLOWED -p tcp --dport 8083
-A ALLOWED -j ACCEPT
COMMIT
`

/** Translated in the destination and the source, in the destination alone, masqueraded and marked, and not at all. */
const SERVERS = ['10.0.9.1', '10.0.9.2', '10.0.9.3', '10.0.1.2'] as const
const CLIENT: Ip = { source: '10.0.0.2', destination: '' }
const TIMESTAMPS = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2)
const SACK = Uint8Array.of(1, 1, 5, 10, 0, 0, 0x13, 0x88, 0, 0, 0x13, 0xff)

const segment = fc.record({
  server: fc.nat(SERVERS.length - 1),
  reply: fc.boolean(),
  // Mostly in the window, and mostly a plain ACK: the common packet is what is tried here.
  seq: fc.oneof(
    { weight: 5, arbitrary: fc.nat(40) },
    { weight: 1, arbitrary: fc.integer({ min: -70_000, max: 70_000 }) },
  ),
  ack: fc.oneof(
    { weight: 5, arbitrary: fc.nat(40) },
    { weight: 1, arbitrary: fc.integer({ min: -70_000, max: 70_000 }) },
  ),
  flags: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom('A', 'PA', 'AE') },
    { weight: 1, arbitrary: fc.constantFrom('FA', 'R', 'S', 'SA', 'UA', '', 'SF') },
  ),
  window: fc.constantFrom(0, 1, 100, 64_240, 65_535),
  options: fc.constantFrom(undefined, undefined, TIMESTAMPS, SACK),
  payload: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(60) }),
  odd: fc.oneof(
    { weight: 8, arbitrary: fc.constant('none' as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('checksum', 'options', 'short', 'cut', 'fragments', 'ttl', 'udp', 'mac'),
    },
  ),
})

type Drawn = typeof segment extends fc.Arbitrary<infer T> ? T : never

/** What the server's side of a connection looks like to the server: learnt from the SYN that reached it. */
interface Connection {
  readonly address: string
  readonly port: number
  readonly peer: string
  readonly peerPort: number
}

class Run {
  readonly node = new Node()
  readonly #connections: Connection[] = []

  constructor(traced: boolean) {
    const { engine } = this.node
    engine.advanceTo(1_700_000_000_000)
    engine.rulesetSet('node', parseIptablesSave(RULES, 'ipv4'))
    engine.trace(traced)
    for (const server of SERVERS) this.#open(server)
  }

  #open(server: string): void {
    const ip = { ...CLIENT, destination: server }
    const ports = { sourcePort: 1000, destinationPort: 8082 }
    const options = Uint8Array.of(4, 2, 3, 3, 2, 0, 0, 0)
    const [syn] = this.node.send(0, toNode(0, ip, tcp(ip, { ...ports, flags: 'S', seq: 1000, options })))
    const view = syn && new DataView(syn.frame.buffer, syn.frame.byteOffset)
    const octets = (at: number): string => [...syn!.frame.subarray(at, at + 4)].join('.')
    const seen: Connection = view
      ? { address: octets(30), port: view.getUint16(36), peer: octets(26), peerPort: view.getUint16(34) }
      : { address: '10.0.1.2', port: 8082, peer: '10.0.0.2', peerPort: 1000 }
    this.#connections.push(seen)
    const back = { source: seen.address, destination: seen.peer }
    const reversed = { sourcePort: seen.port, destinationPort: seen.peerPort }
    this.node.send(1, toNode(1, back, tcp(back, { ...reversed, flags: 'SA', seq: 5000, ack: 1001, options })))
    this.node.send(0, toNode(0, ip, tcp(ip, { ...ports, flags: 'A', seq: 1001, ack: 5001 })))
  }

  send(drawn: Drawn, at: number): string[] {
    this.node.engine.advanceTo(1_700_000_000_000 + at * 1000)
    const seen = this.#connections[drawn.server]!
    const server = SERVERS[drawn.server]!
    const port: Port = drawn.reply ? 1 : 0
    const addresses = drawn.reply
      ? { source: seen.address, destination: seen.peer }
      : { source: '10.0.0.2', destination: server }
    const ports = drawn.reply
      ? { sourcePort: seen.port, destinationPort: seen.peerPort }
      : { sourcePort: 1000, destinationPort: 8082 }
    const ip: Ip = {
      ...addresses,
      id: 77,
      ttl: drawn.odd === 'ttl' ? 1 : 64,
      ...(drawn.odd === 'options' ? { options: Uint8Array.of(1, 1, 1, 0) } : {}),
    }
    const [seq, ack] = drawn.reply
      ? [5001 + drawn.seq, 1001 + drawn.ack]
      : [1001 + drawn.seq, 5001 + drawn.ack]
    const { flags, window, options } = drawn
    const header = {
      ...ports,
      seq: seq >>> 0,
      ack: ack >>> 0,
      flags,
      window,
      payload: new Uint8Array(drawn.payload),
      ...(options ? { options } : {}),
      ...(drawn.odd === 'checksum' ? { checksum: 1 } : {}),
    }
    const whole = drawn.odd === 'udp' ? udp(ip, { ...ports, payload: header.payload }) : tcp(ip, header)
    const bytes = drawn.odd === 'short' ? whole.bytes.subarray(0, 14) : whole.bytes
    const frames =
      drawn.odd === 'fragments'
        ? fragments(ip, whole, [8]).map((packet) =>
            frame({ source: MAC[`h${port}`], destination: MAC[`eth${port}`] }, packet),
          )
        : [toNode(port, ip, { protocol: whole.protocol, bytes })]
    if (drawn.odd === 'cut') frames[0] = frames[0]!.subarray(0, 40)
    if (drawn.odd === 'mac') frames[0]![5]! ^= 1
    return hex(this.node.send(port, ...frames))
  }

  /** Everything that packets leave behind. */
  left(): unknown {
    const { engine } = this.node
    return [
      printIptablesSave(engine.ruleset('node', 'ipv4'), { counters: true }),
      engine.conntrackList('node'),
    ]
  }
}

describe('segments of established connections', () => {
  it('leave the same frames, counters and entries traced, rewritten field by field, as untraced, in one pass', () => {
    let forwarded = 0
    fc.assert(
      fc.property(fc.array(segment, { minLength: 20, maxLength: 40 }), (drawn) => {
        const [slow, quick] = [new Run(true), new Run(false)]
        for (const [at, one] of drawn.entries()) {
          const expected = slow.send(one, at)
          expect(quick.send(one, at)).toEqual(expected)
          forwarded += expected.length
        }
        expect(quick.left()).toEqual(slow.left())
      }),
      { seed: SEED, numRuns: 60 },
    )
    expect(forwarded).toBeGreaterThan(500)
  })
})
