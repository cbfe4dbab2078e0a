/** Random SCTP associations for comparing trackers: chunks in and out of order, tags right and wrong. */
import type { Random } from '../../../src/sim/random.ts'
import { CHUNK, initValue, type Chunk, type Sctp } from '../packet/sctp.ts'

export interface AssociationPacket {
  readonly from: 'client' | 'server'
  readonly header: Omit<Sctp, 'sourcePort' | 'destinationPort'>
}

type Name = keyof typeof CHUNK
type Step = readonly [from: 'client' | 'server', ...chunks: Name[]]

const SCRIPTS: readonly (readonly Step[])[] = [
  [
    ['client', 'init'],
    ['server', 'initAck'],
    ['client', 'cookieEcho'],
    ['server', 'cookieAck'],
    ['client', 'data'],
    ['server', 'sack'],
    ['client', 'shutdown'],
    ['server', 'shutdownAck'],
    ['client', 'shutdownComplete'],
    ['client', 'init'],
  ],
  [
    ['client', 'init'],
    ['server', 'initAck'],
    ['client', 'cookieEcho', 'data'],
    ['server', 'cookieAck', 'data'],
    ['server', 'heartbeat'],
    ['client', 'heartbeatAck'],
    ['server', 'shutdown'],
    ['client', 'shutdownAck'],
    ['server', 'shutdownComplete'],
  ],
  [
    ['client', 'init'],
    ['server', 'init'],
    ['server', 'initAck'],
    ['client', 'initAck'],
    ['client', 'cookieEcho'],
    ['server', 'cookieAck'],
    ['server', 'abort'],
  ],
  [
    ['client', 'heartbeat'],
    ['server', 'heartbeatAck'],
    ['client', 'data'],
    ['server', 'sack'],
    ['client', 'heartbeat'],
    ['server', 'heartbeatAck'],
  ],
  [
    ['client', 'init'],
    ['client', 'init'],
    ['server', 'initAck'],
    ['client', 'cookieEcho'],
    ['server', 'error'],
    ['client', 'init'],
  ],
  [
    ['client', 'shutdownAck'],
    ['server', 'shutdownComplete'],
    ['client', 'data'],
  ],
]

export function association(random: Random, length: number): AssociationPacket[] {
  const tags = { client: random.uint32(), server: random.uint32() }
  const script = SCRIPTS[random.below(SCRIPTS.length)]!
  const wild = random.below(4)
  return Array.from({ length }, (_, i) => {
    const scripted = script[i] !== undefined && random.below(8) >= wild
    const [from, ...names] = scripted ? script[i]! : anything(random)
    return { from, header: packet(random, tags, from, names, scripted || random.below(4) >= wild) }
  })
}

function anything(random: Random): Step {
  const names = Object.keys(CHUNK) as Name[]
  const chunks = Array.from({ length: 1 + random.below(3) }, () => names[random.below(names.length)]!)
  return [random.below(2) === 0 ? 'client' : 'server', ...chunks]
}

function packet(
  random: Random,
  tags: { client: number; server: number },
  from: 'client' | 'server',
  names: readonly Name[],
  exact: boolean,
): AssociationPacket['header'] {
  const own = tags[from]
  const peer = tags[from === 'client' ? 'server' : 'client']
  const right = names[0] === 'init' ? 0 : peer
  const tag = exact ? right : [right, own, 0, random.uint32(), peer][random.below(5)]!
  const chunks = names.map((name): Chunk => {
    const initiates = name === 'init' || name === 'initAck'
    const value = initiates
      ? initValue(exact ? own : [own, peer, random.uint32()][random.below(3)]!)
      : new Uint8Array(4)
    const flags = name === 'abort' || name === 'shutdownComplete' ? random.below(2) : 0
    const length = !exact && random.below(20) === 0 ? { length: [0, 1, 4, 400][random.below(4)]! } : {}
    return { type: CHUNK[name], flags, value, ...length }
  })
  return { tag, chunks, ...(random.below(60) === 0 && { checksum: 0x12345678 }) }
}
