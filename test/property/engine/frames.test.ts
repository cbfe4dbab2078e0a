import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseIptablesSave } from '../../../src/kernel/iptables/index.ts'
import { Node, toNode } from '../../support/engine/node.ts'
import { type Ip, fragments, frame, icmp, tcp, udp } from '../../support/packet/build.ts'
import { MAC } from '../../support/engine/node.ts'

const SEED = 20_260_101
const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080
-A POSTROUTING -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -p udp --dport 9 -j REJECT
-A INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset
COMMIT
`

const ADDRESSES = {
  4: [
    '10.0.0.1',
    '10.0.0.2',
    '10.0.1.2',
    '10.0.1.255',
    '224.0.0.1',
    '255.255.255.255',
    '127.0.0.1',
    '0.0.0.0',
  ],
  6: ['fd00:0::1', 'fd00:0::2', 'fd00:1::2', 'ff02::1', 'fe80::1', '::1', '::'],
} as const

/** A frame that means something, of either family. */
const meant = fc
  .record({
    v6: fc.boolean(),
    source: fc.nat(7),
    destination: fc.nat(7),
    kind: fc.constantFrom('tcp', 'udp', 'icmp', 'fragment'),
    port: fc.constantFrom(9, 22, 53, 80, 8080),
    flags: fc.constantFrom('S', 'A', 'SA', 'R', 'FA', 'PA'),
    type: fc.constantFrom(0, 1, 2, 3, 5, 8, 11, 13, 128, 135, 136),
    ttl: fc.constantFrom(0, 1, 2, 64),
    size: fc.nat(1600),
  })
  .map(({ v6, source, destination, kind, port, flags, type, ttl, size }) => {
    const list = ADDRESSES[v6 ? 6 : 4]
    const ip: Ip = {
      source: list[source % list.length]!,
      destination: list[destination % list.length]!,
      ttl,
      id: 5,
    }
    const payload = new Uint8Array(size)
    const ports = { sourcePort: 1024, destinationPort: port }
    if (kind === 'tcp') return toNode(0, ip, tcp(ip, { ...ports, flags, payload }))
    if (kind === 'udp') return toNode(0, ip, udp(ip, { ...ports, payload }))
    if (kind === 'icmp') return toNode(0, ip, icmp(ip, { type, payload }))
    const pieces = fragments(ip, udp(ip, { ...ports, payload: new Uint8Array(1600) }), [800])
    return frame({ source: MAC.h0, destination: MAC.eth0 }, pieces[size % pieces.length]!)
  })

/** The same with bytes changed and its end cut off or grown. */
const mangled = fc
  .tuple(
    meant,
    fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }),
    fc.integer({ min: -80, max: 20 }),
  )
  .map(([bytes, changes, grow]) => {
    const changed = new Uint8Array(Math.max(0, bytes.length + grow))
    changed.set(bytes.subarray(0, changed.length))
    for (const [at, value] of changes) if (at < changed.length) changed[at] = value
    return changed
  })

const frames = fc.array(fc.oneof(meant, mangled, fc.uint8Array({ maxLength: 120 })), {
  minLength: 1,
  maxLength: 30,
})

function build(): Node {
  const node = new Node({ seed: 7 })
  for (const family of ['ipv4', 'ipv6'] as const)
    node.engine.rulesetSet('node', parseIptablesSave(RULES, family))
  node.engine.listen('node', { protocol: 'tcp', port: 8080 })
  node.engine.listen('node', { protocol: 'udp', port: 53 })
  return node
}

const digest = (node: Node): string => createHash('sha256').update(node.engine.instance.bytes).digest('hex')

describe('any frame at all', () => {
  it('neither traps nor loops, and gives every packet buffer back', () => {
    fc.assert(
      fc.property(frames, (list) => {
        const node = build()
        const { exports } = node.engine.instance
        const free = exports.pool_free()
        const grown = exports.arena_used()
        for (const bytes of list) node.send(0, bytes)
        // Fragments that wait and neighbours that do not answer are given up in time.
        node.engine.advanceTo(120_000)
        expect(exports.pool_free()).toBe(free)
        // Memory may grow for captures only, never by more than their list.
        expect(exports.arena_used() - grown).toBeLessThanOrEqual(1 << 20)
      }),
      { seed: SEED, numRuns: 150 },
    )
  })

  it('leaves memory that nobody gave it as it was', () => {
    const node = build()
    const canary = node.engine.instance.alloc(1 << 16)
    node.engine.instance.bytes.fill(0xa5, canary, canary + (1 << 16))
    fc.assert(
      fc.property(frames, (list) => {
        for (const bytes of list) node.send(0, bytes)
        const block = node.engine.instance.bytes.subarray(canary, canary + (1 << 16))
        expect(block.every((byte) => byte === 0xa5)).toBe(true)
      }),
      { seed: SEED + 1, numRuns: 150 },
    )
  })

  it('gives the same memory for the same seed and frames', () => {
    fc.assert(
      fc.property(frames, (list) => {
        const [a, b] = [build(), build()]
        for (const bytes of list) {
          a.send(0, bytes)
          b.send(0, bytes)
        }
        expect(digest(a)).toBe(digest(b))
      }),
      { seed: SEED + 2, numRuns: 25 },
    )
  })
})
