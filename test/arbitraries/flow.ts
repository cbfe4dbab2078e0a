import * as fc from 'fast-check'
import { arbitraryStep, plainStep, type Step } from './step.ts'

export type FlowProtocol = 'tcp' | 'udp' | 'sctp' | 'icmp'

/** A conversation between a host on one side of the node and an address the node may own, forward or translate. */
export interface Flow {
  readonly family: 'ipv4' | 'ipv6'
  readonly protocol: FlowProtocol
  /** Which host begins. */
  readonly clientSide: 'a' | 'b'
  readonly client: string
  readonly clientPort: number
  readonly server: string
  readonly serverPort: number
  readonly steps: readonly Step[]
}

/** Addresses by family: few, so that rules and flows meet. */
export const ADDRESSES = {
  ipv4: {
    a: ['10.0.1.2', '10.0.1.3'],
    b: ['10.0.2.2', '10.0.2.3'],
    node: ['10.0.1.1', '10.0.2.1'],
    /** Routed nowhere: only reachable through DNAT. */
    virtual: ['10.96.0.1', '10.96.0.10'],
    odd: ['10.0.2.255', '127.0.0.1', '224.0.0.5', '255.255.255.255', '0.0.0.0', '240.0.0.1', '10.0.2.99'],
  },
  ipv6: {
    a: ['fd00:1::2', 'fd00:1::3'],
    b: ['fd00:2::2', 'fd00:2::3'],
    node: ['fd00:1::1', 'fd00:2::1'],
    virtual: ['fd00:96::1', 'fd00:96::10'],
    odd: ['ff02::1', '::1', '::', 'fe80::9', 'fd00:2::', '::ffff:10.0.2.2'],
  },
} as const

export const SERVER_PORTS = [80, 443, 53, 8080, 9] as const
export const CLIENT_PORTS = [1000, 1001, 40000, 61000] as const

const family = fc.constantFrom('ipv4' as const, 'ipv6' as const)
const protocol = fc.constantFrom<FlowProtocol>('tcp', 'tcp', 'tcp', 'udp', 'udp', 'icmp', 'sctp')
const side = fc.constantFrom('a' as const, 'a' as const, 'b' as const)

export function arbitraryFlow(): fc.Arbitrary<Flow> {
  return fc.tuple(family, protocol, side).chain(([family, protocol, clientSide]) => {
    const pool = ADDRESSES[family]
    const far = clientSide === 'a' ? pool.b : pool.a
    return fc.record({
      family: fc.constant(family),
      protocol: fc.constant(protocol),
      clientSide: fc.constant(clientSide),
      client: fc.oneof(
        { weight: 30, arbitrary: fc.constantFrom(...pool[clientSide]) },
        { weight: 1, arbitrary: fc.constantFrom(...pool.odd, ...pool.node, ...far) },
      ),
      clientPort: fc.constantFrom(...CLIENT_PORTS),
      server: fc.oneof(
        { weight: 10, arbitrary: fc.constantFrom(...far) },
        { weight: 8, arbitrary: fc.constantFrom(...pool.virtual) },
        { weight: 4, arbitrary: fc.constantFrom(...pool.node) },
        { weight: 2, arbitrary: fc.constantFrom(...pool[clientSide]) },
        { weight: 1, arbitrary: fc.constantFrom(...pool.odd) },
      ),
      serverPort: fc.constantFrom(...SERVER_PORTS),
      steps: arbitrarySteps(protocol),
    })
  })
}

/** A regular conversation, cut anywhere, with odd steps put in between. */
function arbitrarySteps(protocol: FlowProtocol): fc.Arbitrary<Step[]> {
  const regular = fc
    .nat({ max: conversation(protocol).length })
    .map((length) => conversation(protocol).slice(0, length))
  const odd = fc.array(fc.tuple(fc.nat({ max: 12 }), arbitraryStep(protocol)), { maxLength: 5 })
  return fc.tuple(regular, odd).map(([steps, extra]) => {
    const mixed = [...steps]
    for (const [place, step] of extra) mixed.splice(Math.min(place, mixed.length), 0, step)
    return mixed
  })
}

/** What two healthy peers say to each other. */
export function conversation(protocol: FlowProtocol): Step[] {
  const client = (what: string, payload = 0): Step => plainStep('client', what, payload)
  const server = (what: string, payload = 0): Step => plainStep('server', what, payload)
  switch (protocol) {
    case 'tcp':
      return [
        client('S'),
        server('SA'),
        client('A'),
        client('PA', 30),
        server('A'),
        server('PA', 60),
        client('A'),
        client('FA'),
        server('A'),
        server('FA'),
        client('A'),
        client('S'),
      ]
    case 'udp':
      return [client('', 10), server('', 20), client('', 30), server('', 1), client('', 0)]
    case 'icmp':
      return [client('request', 8), server('reply', 8), client('request', 16), server('reply', 16)]
    case 'sctp':
      return [
        client('init'),
        server('initAck'),
        client('cookieEcho'),
        server('cookieAck'),
        client('data', 12),
        server('sack'),
        client('heartbeat'),
        server('heartbeatAck'),
        client('shutdown'),
        server('shutdownAck'),
        client('shutdownComplete'),
      ]
  }
}

export function isCorrectFlow(flow: Flow): boolean {
  const colon = (text: string): boolean => text.includes(':')
  const sixes = flow.family === 'ipv6'
  return colon(flow.client) === sixes && colon(flow.server) === sixes && flow.steps.length <= 17
}
