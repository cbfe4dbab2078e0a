import * as fc from 'fast-check'

/** One packet of a conversation, said by what it means; `test/kernel/campaign/player.ts` makes the bytes. */
export interface Step {
  readonly from: 'client' | 'server'
  /** TCP flag letters, an SCTP chunk's name, an ICMP message; empty for UDP. */
  readonly what: string
  readonly payload: number
  readonly ttl: number
  readonly tos: number
  /** Added to the right sequence or acknowledgement number. */
  readonly seqOffset: number
  readonly ackOffset: number
  readonly window: number
  readonly options: TcpOptions
  readonly damage: Damage
  readonly fragments: Fragmentation
  /** Instead of a packet of the flow: an ICMP error about the last packet that arrived from the other side. */
  readonly error?: IcmpErrorStep
}

export type TcpOptions = 'none' | 'mss' | 'syn' | 'timestamp' | 'sack' | 'broken' | 'md5'
export type Fragmentation =
  'none' | 'two' | 'reversed' | 'three' | 'first only' | 'last only' | 'overlap' | 'twice'

export const DAMAGES = [
  'ip checksum',
  'transport checksum',
  'total length long',
  'total length short',
  'header length 4',
  'version',
  'cut transport',
  'cut ip',
  'data offset small',
  'data offset large',
  'udp length long',
  'udp length short',
  'udp no checksum',
  'zero port',
  'reserved bits',
  'ip option record route',
  'ip option source route',
  'ip option broken',
  'trailing bytes',
  'wrong mac',
  'broadcast mac',
  'multicast mac',
  'sctp checksum',
  'no chunks',
  'extension header',
  'jumbo',
  'unknown protocol',
] as const
export type Damage = 'none' | (typeof DAMAGES)[number]

export interface IcmpErrorStep {
  readonly kind:
    'unreachable' | 'port unreachable' | 'time exceeded' | 'too big' | 'parameter' | 'redirect' | 'quench'
  /** How much of the packet is quoted behind its IP header. */
  readonly quoted: number
  readonly damage:
    'none' | 'inner checksum' | 'outer checksum' | 'inner ports' | 'unknown inner' | 'inner version'
  /** From the peer, or from a router that is not part of the flow. */
  readonly fromRouter: boolean
  /** About a packet that this side sent itself: wrong way round. */
  readonly aboutOwn: boolean
}

export const PLAIN = {
  ttl: 64,
  tos: 0,
  seqOffset: 0,
  ackOffset: 0,
  window: 64240,
  options: 'none',
  damage: 'none',
  fragments: 'none',
} as const

export function plainStep(from: Step['from'], what: string, payload: number): Step {
  return { ...PLAIN, from, what, payload, options: what.includes('S') ? 'syn' : 'none' }
}

const WHATS = {
  tcp: [
    'S',
    'SA',
    'A',
    'PA',
    'FA',
    'R',
    'RA',
    '',
    'F',
    'SF',
    'SR',
    'FSRPAU',
    'SPU',
    'PAU',
    'SAE',
    'SEW',
    'FPU',
  ],
  udp: [''],
  icmp: ['request', 'reply', 'timestamp', 'address mask', 'unknown type', 'information'],
  sctp: [
    'init',
    'initAck',
    'cookieEcho',
    'cookieAck',
    'data',
    'sack',
    'heartbeat',
    'heartbeatAck',
    'abort',
    'error',
    'shutdown',
    'shutdownAck',
    'shutdownComplete',
    'init and data',
    'unknown chunk',
    'empty chunk',
  ],
} as const

const mostly = <T>(usual: T, ...rest: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...rest) })

const icmpError: fc.Arbitrary<IcmpErrorStep> = fc.record({
  kind: fc.constantFrom<IcmpErrorStep['kind']>(
    'unreachable',
    'port unreachable',
    'time exceeded',
    'too big',
    'parameter',
    'redirect',
    'quench',
  ),
  quoted: mostly(8, 0, 4, 20, 7, 64),
  damage: mostly<IcmpErrorStep['damage']>(
    'none',
    'inner checksum',
    'outer checksum',
    'inner ports',
    'unknown inner',
    'inner version',
  ),
  fromRouter: fc.boolean(),
  aboutOwn: mostly(false, true),
})

export function arbitraryStep(protocol: keyof typeof WHATS): fc.Arbitrary<Step> {
  return fc
    .record({
      from: fc.constantFrom('client' as const, 'server' as const),
      what: fc.constantFrom<string>(...WHATS[protocol]),
      payload: mostly(8, 0, 1, 3, 100, 600),
      ttl: mostly(64, 0, 1, 2, 255),
      tos: mostly(0, 4, 0x10, 0x2e << 2, 0xff),
      seqOffset: mostly(0, 1, -1, 5000, -5000, 100_000, -100_000, 0x7fffffff),
      ackOffset: mostly(0, 1, -1, 5000, -5000, 100_000, -100_000, 0x7fffffff),
      window: mostly(64240, 0, 1, 65535),
      options: mostly<TcpOptions>('none', 'mss', 'syn', 'timestamp', 'sack', 'broken', 'md5'),
      damage: mostly<Damage>('none', ...DAMAGES),
      fragments: mostly<Fragmentation>(
        'none',
        'two',
        'reversed',
        'three',
        'first only',
        'last only',
        'overlap',
        'twice',
      ),
      error: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: icmpError }),
    })
    .map(({ error, ...step }) => (error === undefined ? step : { ...step, error }))
}

export function isCorrectStep(step: Step): boolean {
  return (
    step.payload >= 0 &&
    step.ttl <= 255 &&
    Object.values<readonly string[]>(WHATS).some((names) => names.includes(step.what))
  )
}
