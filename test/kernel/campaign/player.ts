/**
 * Plays flows: turns a step into frames from what has arrived so far, so that the answers of a translated flow really
 * answer it. The kernel's captures steer; the engine is then sent the very same frames.
 */
import type { Flow } from '../../arbitraries/flow.ts'
import type { Step } from '../../arbitraries/step.ts'
import { fragments, ipPacket, type Ip, type Segment } from '../../support/packet/build.ts'
import type { CapturedAt, CaseFrame, Port } from '../harness/case.ts'
import { HOST_A, HOST_B } from '../harness/topology.ts'
import { damageIp, damagePacket, damageSegmentIp, framed } from './damage.ts'
import { icmpErrorPacket } from './icmp-error.ts'
import { readPacket, type ReadPacket } from './read.ts'
import { segmentOf, type Numbers } from './segments.ts'

interface Role {
  port: Port
  /** The last packet of the flow that arrived here. */
  seen: ReadPacket | undefined
  sent: Uint8Array | undefined
  /** TCP: the next sequence number this side sends. */
  next: number
}

export class Player {
  readonly #flow: Flow
  readonly #roles: { readonly client: Role; readonly server: Role }
  #id: number

  constructor(flow: Flow, firstId: number) {
    this.#flow = flow
    const [here, there] = flow.clientSide === 'a' ? [HOST_A, HOST_B] : [HOST_B, HOST_A]
    this.#roles = {
      client: { port: here, seen: undefined, sent: undefined, next: 1000 },
      server: { port: there, seen: undefined, sent: undefined, next: 500_000 },
    }
    this.#id = firstId
  }

  frames(step: Step): CaseFrame[] {
    const role = this.#roles[step.from]
    const packets = step.error === undefined ? this.#flowPackets(step, role) : this.#errorPackets(step, role)
    return packets.map((packet) => ({ port: role.port, bytes: framed(step, role.port, packet) }))
  }

  /** What arrived because of the frames of the last step. */
  observe(step: Step, captured: readonly CapturedAt[]): void {
    for (const { port, bytes } of captured) {
      const packet = readPacket(bytes)
      if (packet === undefined || packet.isError) continue
      const back = packet.destination === this.#flow.client && port.netns === this.#roles.client.port.netns
      const role = this.#roles[back ? 'client' : 'server']
      role.seen = packet
      if (!back && step.from === 'client') role.port = port
    }
  }

  #flowPackets(step: Step, role: Role): Uint8Array[] {
    const { ip, sourcePort, destinationPort } = this.#tuple(step)
    const damaged = damageIp(ip, step)
    const segment = segmentOf(
      this.#flow,
      step,
      damageSegmentIp(ip),
      sourcePort,
      destinationPort,
      this.#numbers(step),
    )
    role.sent = ipPacket(ip, segment)
    return fragmented(damaged, segment, step).map((packet) => damagePacket(packet, step))
  }

  #errorPackets(step: Step, role: Role): Uint8Array[] {
    const about = step.error!.aboutOwn ? role.sent : (role.seen?.bytes ?? role.sent)
    return about === undefined ? [] : [icmpErrorPacket(step, about, this.#nextId())]
  }

  /** The client always speaks to the address it knows; the server answers what arrived, or guesses. */
  #tuple({ from, ttl, tos }: Step): { ip: Ip; sourcePort: number; destinationPort: number } {
    const { client, clientPort, server, serverPort, family } = this.#flow
    const common = { ttl, tos, id: this.#nextId(), ...(family === 'ipv4' && { dontFragment: false }) }
    if (from === 'client') {
      const ip = { ...common, source: client, destination: server }
      return { ip, sourcePort: clientPort, destinationPort: serverPort }
    }
    const seen = this.#roles.server.seen
    return {
      ip: { ...common, source: seen?.destination ?? server, destination: seen?.source ?? client },
      sourcePort: seen?.destinationPort ?? serverPort,
      destinationPort: seen?.sourcePort ?? clientPort,
    }
  }

  #numbers({ from, what, payload, seqOffset, ackOffset, damage }: Step): Numbers {
    const me = this.#roles[from]
    const other = this.#roles[from === 'client' ? 'server' : 'client']
    const fresh = what === 'S' && me.sent !== undefined
    if (fresh) me.next = (me.next + 200_000) >>> 0
    const seq = (me.next + seqOffset) >>> 0
    const length = payload + (/[SF]/.test(what) ? 1 : 0)
    if (seqOffset === 0 && damage === 'none') me.next = (me.next + length) >>> 0
    return { seq, ack: (other.next + ackOffset) >>> 0 }
  }

  #nextId(): number {
    this.#id = (this.#id + 1) & 0xffff
    return this.#id
  }
}

/** The packets of a segment. Cuts lie on multiples of eight bytes; a segment of eight bytes or less is not cut. */
function fragmented(ip: Ip, segment: Segment, { fragments: how }: Step): Uint8Array[] {
  const length = segment.bytes.length
  if (how === 'none' || length <= 8) return [ipPacket(ip, segment)]
  const middle = Math.max(8, (length >> 4) << 3)
  const pieces = fragments(
    ip,
    segment,
    how === 'three' && middle + 8 < length ? [middle, middle + 8] : [middle],
  )
  const [first, last] = [pieces[0]!, pieces.at(-1)!]
  switch (how) {
    case 'reversed':
      return pieces.toReversed()
    case 'first only':
      return [first]
    case 'last only':
      return [last]
    case 'twice':
      return [first, first, last]
    case 'overlap':
      return middle > 8 ? [first, fragments(ip, segment, [middle - 8])[1]!] : pieces
    default:
      return pieces
  }
}
