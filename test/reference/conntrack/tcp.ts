/**
 * TCP tracking, written to be read: one connection as a plain object, sequence numbers as numbers modulo 2^32. What it
 * models is net/netfilter/nf_conntrack_proto_tcp.c; the kernel itself judges it in test/kernel/conntrack.test.ts by way
 * of the engine.
 */
export type State =
  | 'NONE'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'ESTABLISHED'
  | 'FIN_WAIT'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'TIME_WAIT'
  | 'CLOSE'
  | 'SYN_SENT2'
export type Kind = 'syn' | 'synack' | 'fin' | 'ack' | 'rst' | 'none'
export type Side = 'client' | 'server'

export interface SegmentSeen {
  readonly from: Side
  readonly flags: string
  readonly seq: number
  readonly ack: number
  readonly window: number
  readonly size: number
  readonly options: Uint8Array
}

export interface Settings {
  readonly liberal: boolean
  readonly loose: boolean
  readonly ignoreInvalidReset: boolean
  readonly maxRetrans: number
}

interface Shown {
  end: number
  maxEnd: number
  maxWindow: number
  maxAck: number | undefined
  scale: number
  scaling: boolean
  sack: boolean
  liberal: boolean
  closeInit: boolean
  unacknowledged: boolean
}

export interface Connection {
  state: State
  seenReply: boolean
  assured: boolean
  confirmed: boolean
  timeout: number
  readonly shown: Record<Side, Shown>
  last: { side: Side; kind: Kind; seq: number; ack: number; end: number; window: number; scale: number }
  lastOptions: { scaling: boolean; sack: boolean; challenge: boolean; simultaneous: boolean }
  retransmissions: number
}

export type Verdict = 'NEW' | 'ESTABLISHED' | 'INVALID'

const TIMEOUT: Record<State, number> = {
  NONE: 0,
  SYN_SENT: 120,
  SYN_RECV: 60,
  ESTABLISHED: 432_000,
  FIN_WAIT: 120,
  CLOSE_WAIT: 60,
  LAST_ACK: 30,
  TIME_WAIT: 120,
  CLOSE: 10,
  SYN_SENT2: 120,
}
const LONG = 300
const ENDED: readonly State[] = ['TIME_WAIT', 'CLOSE', 'SYN_SENT2']
const CLOSING: readonly State[] = ['FIN_WAIT', 'CLOSE_WAIT', 'LAST_ACK', 'TIME_WAIT', 'CLOSE']
const VALID_FLAGS = new Set(
  ['S', 'SU', 'SA', 'R', 'RA', 'FA', 'FAU', 'A', 'AU'].map((set) => [...set].sort().join('')),
)

/** One 4-tuple's table entry, which comes and goes. */
export class TcpTwin {
  connection: Connection | undefined
  readonly #settings: Settings
  /** Which end of the wire is the connection's client: it is the one that opened it. */
  #client: Side = 'client'

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** The side that the entry's original direction starts at. */
  get client(): Side {
    return this.#client
  }

  see(segment: SegmentSeen): Verdict {
    const flags = [...segment.flags].filter((flag) => 'SFRAU'.includes(flag))
    if (!VALID_FLAGS.has(flags.sort().join(''))) return 'INVALID'
    for (;;) {
      const fresh = this.connection === undefined
      if (fresh) {
        const begun = this.#begin(segment)
        if (!begun) return 'INVALID'
        this.connection = begun
        this.#client = segment.from
      }
      const connection = this.connection!
      const from: Side = segment.from === this.#client ? 'client' : 'server'
      const verdict: Verdict = from === 'server' || connection.seenReply ? 'ESTABLISHED' : 'NEW'
      const outcome = this.#track(connection, { ...segment, from })
      if (outcome === 'again') {
        this.connection = undefined
        continue
      }
      if (outcome === 'invalid') {
        if (fresh) this.connection = undefined
        return 'INVALID'
      }
      if (outcome === 'gone') this.connection = undefined
      else if (from === 'server') connection.seenReply = true
      connection.confirmed = true
      return verdict
    }
  }

  #begin(segment: SegmentSeen): Connection | undefined {
    const kind = kindOf(segment.flags)
    if (kind !== 'syn' && kind !== 'ack') {
      // A FIN or RST out of nothing opens nothing, nor does a SYN/ACK.
      return undefined
    }
    if (kind === 'ack' && !this.#settings.loose) return undefined
    const client = nothingShown()
    const server = nothingShown()
    client.end = endOf(segment)
    client.maxWindow = Math.max(1, segment.window)
    client.maxEnd = client.end
    if (kind === 'syn') {
      readOptions(segment.options, client)
    } else {
      client.maxEnd = u32(client.end + client.maxWindow)
      for (const side of [client, server]) {
        side.sack = true
        side.liberal = true
      }
    }
    return {
      state: 'NONE',
      seenReply: false,
      assured: false,
      confirmed: false,
      timeout: 0,
      shown: { client, server },
      last: { side: 'client', kind: 'none', seq: 0, ack: 0, end: 0, window: 0, scale: 0 },
      lastOptions: { scaling: false, sack: false, challenge: false, simultaneous: false },
      retransmissions: 0,
    }
  }

  #track(c: Connection, segment: SegmentSeen): 'accept' | 'invalid' | 'again' | 'gone' | 'pass' {
    const { from } = segment
    const kind = kindOf(segment.flags)
    let old = c.state
    let next = nextState(from, kind, old)
    let skipWindow = false

    if (next === 'invalid') return 'invalid'
    const reopening = next === 'SYN_SENT' && ENDED.includes(old)
    if (reopening && (c.shown.client.closeInit || c.shown.server.closeInit || lastWas(c, from, 'rst')))
      return 'again'
    if (next === 'ignore' || reopening) {
      const answersIgnoredSyn =
        kind === 'synack' && c.last.kind === 'syn' && c.last.side !== from && segment.ack === c.last.end
      if (!answersIgnoredSyn) {
        this.#ignore(c, segment, kind)
        return 'pass'
      }
      const syn = c.shown[c.last.side]
      c.lastOptions.challenge = false
      Object.assign(syn, nothingShown(), {
        end: c.last.end,
        maxEnd: c.last.end,
        maxWindow: Math.max(1, c.last.window),
        maxAck: undefined,
        scale: c.last.scale,
        scaling: c.lastOptions.scaling,
        sack: c.lastOptions.sack,
      })
      c.shown[from] = { ...nothingShown(), liberal: c.shown[from].liberal }
      old = 'SYN_SENT'
      next = 'SYN_RECV'
    } else if (next === 'TIME_WAIT' && old === 'LAST_ACK' && kind === 'ack') {
      if (c.last.side !== from && c.last.kind === 'syn' && c.lastOptions.challenge) {
        c.lastOptions.challenge = false
        return 'pass'
      }
    } else if (next === 'SYN_SENT2') {
      c.lastOptions.simultaneous = true
    } else if (next === 'SYN_RECV' && from === 'server' && kind === 'ack' && c.lastOptions.simultaneous) {
      next = 'ESTABLISHED'
    } else if (next === 'CLOSE' && kind === 'rst') {
      const judgement = this.#judgeReset(c, segment, old)
      if (judgement === 'invalid') return 'invalid'
      if (judgement.keepState) next = old
      skipWindow = judgement.believed
    }

    if (!skipWindow) {
      const window = this.#window(c, segment, kind)
      if (window === 'ignore') return 'pass'
      if (window === 'invalid') {
        this.#shorten(c, from, kind)
        return 'invalid'
      }
    }

    c.last.kind = kind
    c.last.side = from
    c.state = next as State
    if (old !== c.state && c.state === 'FIN_WAIT') c.shown[from].closeInit = true
    let timeout = this.#timeout(c, kind)
    if (!c.seenReply) {
      if (kind === 'rst') return 'gone'
      if (kind === 'syn' && old === 'SYN_SENT') return 'accept'
      if (c.state === 'ESTABLISHED') timeout = Math.min(timeout, LONG)
    } else if (c.state === 'ESTABLISHED' && (old === 'SYN_RECV' || old === 'ESTABLISHED')) {
      c.assured = true
    }
    c.timeout = timeout
    return 'accept'
  }

  #ignore(c: Connection, segment: SegmentSeen, kind: Kind): void {
    const { from } = segment
    const wasState = c.state
    c.last = { ...c.last, kind, side: from, seq: segment.seq, end: endOf(segment), window: segment.window }
    if (kind === 'syn' && from === 'client') {
      const options = nothingShown()
      readOptions(segment.options, options)
      c.last.scale = options.scaling ? options.scale : 0
      c.lastOptions = {
        scaling: options.scaling,
        sack: options.sack,
        challenge: wasState === 'LAST_ACK',
        simultaneous: false,
      }
    }
    if (wasState === 'SYN_SENT' && kind === 'ack' && from === 'server') c.last.ack = segment.ack
  }

  #judgeReset(c: Connection, { from, seq, ack }: SegmentSeen, state: State) {
    if (CLOSING.includes(state)) return { believed: true, keepState: false } as const
    const established = state === 'ESTABLISHED' && c.assured
    const { maxAck } = c.shown[opposite(from)]
    let keepState = false
    if (maxAck !== undefined && c.last.kind !== 'syn') {
      if (seq === 0 && !established) return { believed: false, keepState: false } as const
      if (before(seq, maxAck) && !this.#settings.ignoreInvalidReset) return 'invalid'
      const follows = c.last.kind === 'ack' && c.last.side === from && seq === c.last.end
      if (!established || seq === maxAck || follows) return { believed: false, keepState: false } as const
      keepState = true
    }
    const answersSyn = c.seenReply && c.last.kind === 'syn' && c.last.side !== from
    const answersAck = !c.assured && c.last.kind === 'ack'
    const answersChallenge =
      state === 'SYN_SENT' && c.last.kind === 'ack' && c.last.side === 'server' && seq === c.last.ack
    return { believed: ((answersSyn || answersAck) && ack === c.last.end) || answersChallenge, keepState }
  }

  #window(c: Connection, segment: SegmentSeen, kind: Kind): 'accept' | 'ignore' | 'invalid' {
    const { from, flags, window } = segment
    const sender = c.shown[from]
    const receiver = c.shown[opposite(from)]
    const has = (flag: string) => flags.includes(flag)
    let { seq, ack } = segment
    let end = endOf(segment)
    let sack = receiver.sack ? highestSack(segment.options, ack) : ack

    if (sender.maxWindow === 0) {
      if (has('S')) {
        firstOf(sender, receiver, segment)
        if (!has('A')) return 'accept'
      } else {
        sender.end = end
        sender.maxWindow = Math.max(1, u32(window << sender.scale))
        sender.maxEnd = u32(end + sender.maxWindow)
        if (receiver.maxWindow === 0) receiver.end = receiver.maxEnd = sack
        else if (sack === u32(receiver.end + 1)) receiver.end = sack
      }
    } else if (has('S') && before(sender.end, end) && (c.state === 'SYN_SENT' || c.state === 'SYN_RECV')) {
      firstOf(sender, receiver, segment)
      if (from === 'server' && !has('A')) return 'accept'
    }
    if (!has('A') || (has('R') && ack === 0)) ack = sack = receiver.end
    if (has('R') && seq === 0 && c.state === 'SYN_SENT') seq = end = sender.end

    const reach = Math.max(66_000, sender.maxWindow)
    const notTooOld = before(u32(receiver.end - reach - 1), sack)
    const sent = !before(receiver.end, sack)
    const meetsWindow = before(u32(sender.end - receiver.maxWindow - 1), end)
    let wrong: 'ignore' | 'invalid' | undefined
    if (before(sender.maxEnd, seq)) {
      const overshot = u32(end - sender.maxEnd + 1)
      if (receiver.maxWindow !== 0 && meetsWindow && notTooOld && overshot <= receiver.maxWindow && sent) {
        sender.end = end
        sender.unacknowledged = true
        wrong = 'ignore'
      } else wrong = 'invalid'
    } else if (!sent) wrong = 'invalid'
    else if (receiver.maxWindow !== 0 && !meetsWindow) wrong = 'ignore'
    else if (!notTooOld) wrong = 'ignore'
    if (wrong) return sender.liberal || this.#settings.liberal ? 'accept' : wrong

    const scaled = has('S') ? window : u32(window << sender.scale)
    sender.maxWindow = Math.max(sender.maxWindow, u32(scaled + (sack - ack)))
    if (before(sender.end, end)) {
      sender.end = end
      sender.unacknowledged = true
    }
    if (has('A') && (sender.maxAck === undefined || before(sender.maxAck, ack))) sender.maxAck = ack
    if (receiver.maxWindow !== 0 && before(sender.maxEnd, end)) {
      receiver.maxWindow = u32(receiver.maxWindow + end - sender.maxEnd)
    }
    if (before(u32(receiver.maxEnd - 1), u32(sack + scaled))) {
      receiver.maxEnd = u32(sack + scaled + (scaled === 0 ? 1 : 0))
    }
    if (ack === receiver.end) receiver.unacknowledged = false
    if (kind === 'ack') {
      const { last } = c
      const same =
        last.side === from &&
        last.seq === seq &&
        last.ack === ack &&
        last.end === end &&
        last.window === window
      c.retransmissions = same ? (c.retransmissions + 1) & 255 : 0
      c.last = { ...last, side: from, seq, ack, end, window }
    }
    return 'accept'
  }

  #shorten(c: Connection, from: Side, kind: Kind): void {
    if (!c.assured || (kind !== 'rst' && kind !== 'fin')) return
    if (c.last.side !== from && (c.last.kind === 'fin' || c.last.kind === 'rst')) {
      if (c.timeout >= 120) c.timeout = Math.min(c.timeout, LONG)
      return
    }
    c.last.kind = kind
    c.last.side = from
  }

  #timeout(c: Connection, kind: Kind): number {
    const normal = TIMEOUT[c.state]
    if (c.retransmissions >= this.#settings.maxRetrans && normal > LONG) return LONG
    if (kind === 'rst') return TIMEOUT.CLOSE
    if (normal > LONG && (c.shown.client.unacknowledged || c.shown.server.unacknowledged)) return LONG
    if (normal > LONG && c.last.window === 0) return LONG
    return normal
  }
}

/** What a segment makes of a state, told by the story of a connection. */
function nextState(from: Side, kind: Kind, state: State): State | 'ignore' | 'invalid' {
  const client = from === 'client'
  switch (kind) {
    case 'none':
      return 'invalid'
    case 'rst':
      return state === 'NONE' ? 'invalid' : 'CLOSE'
    case 'syn':
      if (state === 'SYN_SENT2') return 'SYN_SENT2'
      if (state === 'TIME_WAIT') return 'SYN_SENT'
      if (state === 'SYN_SENT') return client ? 'SYN_SENT' : 'SYN_SENT2'
      if (!client) return 'invalid'
      return state === 'NONE' || state === 'CLOSE' ? 'SYN_SENT' : 'ignore'
    case 'synack':
      if (state === 'SYN_SENT2') return 'SYN_RECV'
      if (client) return state === 'SYN_RECV' ? 'SYN_RECV' : 'invalid'
      if (state === 'SYN_SENT') return 'SYN_RECV'
      return state === 'NONE' ? 'invalid' : 'ignore'
    case 'fin':
      if (state === 'NONE' || state === 'SYN_SENT' || state === 'SYN_SENT2') return 'invalid'
      if (state === 'SYN_RECV' || state === 'ESTABLISHED') return 'FIN_WAIT'
      return state === 'TIME_WAIT' || state === 'CLOSE' ? state : 'LAST_ACK'
    case 'ack':
      if (state === 'FIN_WAIT' || state === 'CLOSE_WAIT') return 'CLOSE_WAIT'
      if (state === 'LAST_ACK' || state === 'TIME_WAIT') return 'TIME_WAIT'
      if (state === 'CLOSE' || state === 'ESTABLISHED') return state
      if (state === 'SYN_RECV') return client ? 'ESTABLISHED' : 'SYN_RECV'
      if (state === 'NONE') return client ? 'ESTABLISHED' : 'invalid'
      return client ? 'invalid' : 'ignore'
  }
}

function kindOf(flags: string): Kind {
  if (flags.includes('R')) return 'rst'
  if (flags.includes('S')) return flags.includes('A') ? 'synack' : 'syn'
  if (flags.includes('F')) return 'fin'
  return flags.includes('A') ? 'ack' : 'none'
}

function firstOf(sender: Shown, receiver: Shown, segment: SegmentSeen): void {
  sender.end = sender.maxEnd = endOf(segment)
  sender.maxWindow = Math.max(1, segment.window)
  readOptions(segment.options, sender)
  if (segment.from === 'server' && !(sender.scaling && receiver.scaling)) sender.scale = receiver.scale = 0
}

/** Options by kind and value; an option that makes no sense ends the list. */
function* optionsOf(bytes: Uint8Array): Generator<readonly [kind: number, value: Uint8Array]> {
  let at = 0
  while (at < bytes.length && bytes[at] !== 0) {
    if (bytes[at] === 1) {
      at++
      continue
    }
    const size = bytes[at + 1]
    if (size === undefined || size < 2 || at + size > bytes.length) return
    yield [bytes[at]!, bytes.subarray(at + 2, at + size)]
    at += size
  }
}

function readOptions(bytes: Uint8Array, side: Shown): void {
  if (bytes.length === 0) return
  Object.assign(side, {
    scale: 0,
    scaling: false,
    sack: false,
    closeInit: false,
    unacknowledged: false,
    maxAck: undefined,
  })
  for (const [kind, value] of optionsOf(bytes)) {
    if (kind === 4 && value.length === 0) side.sack = true
    if (kind === 3 && value.length === 1) {
      side.scale = Math.min(14, value[0]!)
      side.scaling = true
    }
  }
}

function highestSack(bytes: Uint8Array, ack: number): number {
  for (const [kind, value] of optionsOf(bytes)) {
    if (kind !== 5 || value.length === 0 || value.length % 8 !== 0) continue
    const view = new DataView(value.buffer, value.byteOffset, value.length)
    let highest = ack
    for (let at = 4; at < value.length; at += 8)
      if (before(highest, view.getUint32(at))) highest = view.getUint32(at)
    return highest
  }
  return ack
}

function endOf({ seq, size, flags }: SegmentSeen): number {
  return u32(seq + size + (flags.includes('S') ? 1 : 0) + (flags.includes('F') ? 1 : 0))
}

function lastWas(c: Connection, side: Side, kind: Kind): boolean {
  return c.last.side === side && c.last.kind === kind
}

function nothingShown(): Shown {
  return {
    end: 0,
    maxEnd: 0,
    maxWindow: 0,
    maxAck: undefined,
    scale: 0,
    scaling: false,
    sack: false,
    liberal: false,
    closeInit: false,
    unacknowledged: false,
  }
}

function opposite(side: Side): Side {
  return side === 'client' ? 'server' : 'client'
}

function u32(value: number): number {
  return value >>> 0
}

function before(a: number, b: number): boolean {
  return (a - b) << 0 < 0
}
