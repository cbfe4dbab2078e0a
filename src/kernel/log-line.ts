/**
 * The line that LOG writes into the kernel's log (net/netfilter/nf_log_syslog.c), for a packet of which the first bytes
 * are known. Users of a packet (`--log-uid`) are not modelled: no line has one.
 */
import { formatAddress } from './address.ts'
import type { Family, Target } from './ruleset.ts'
import { splitWords } from './iptables/words.ts'

export interface LogFlags {
  readonly tcpSequence: boolean
  readonly tcpOptions: boolean
  readonly ipOptions: boolean
  readonly macDecode: boolean
}

export interface LogOptions {
  readonly prefix: string
  readonly level: number
  readonly group: number
  readonly flags: LogFlags
}

type LogTarget = Extract<Target, { kind: 'LOG' | 'NFLOG' }>

const DEFAULT_LEVEL = 4

/** The options of a rule's target, which are kept as text. */
export function parseLogOptions({ options }: LogTarget): LogOptions {
  const words = splitWords(options)
  const value = (name: string): string | undefined => {
    const at = words.indexOf(name)
    return at < 0 ? undefined : words[at + 1]
  }
  const has = (name: string): boolean => words.includes(name)
  return {
    prefix: value('--log-prefix') ?? value('--nflog-prefix') ?? '',
    level: Number(value('--log-level') ?? DEFAULT_LEVEL),
    group: Number(value('--nflog-group') ?? 0),
    flags: {
      tcpSequence: has('--log-tcp-sequence'),
      tcpOptions: has('--log-tcp-options'),
      ipOptions: has('--log-ip-options'),
      macDecode: has('--log-macdecode'),
    },
  }
}

export interface LoggedPacket {
  readonly prefix: string
  readonly flags: LogFlags
  readonly family: Family
  /** From the IP header on; may be cut behind the headers. */
  readonly packet: Uint8Array
  /** Of the whole packet, in bytes. */
  readonly length: number
  readonly mark: number
  readonly in?: string
  readonly out?: string
  /** The Ethernet header with which it came in. */
  readonly mac?: Uint8Array
}

export function logLine(logged: LoggedPacket): string {
  const { prefix, flags, family, mark, mac } = logged
  const line = new Line(logged.packet, logged.length, flags)
  line.add(`${prefix}IN=${logged.in ?? ''} OUT=${logged.out ?? ''} `)
  if (logged.in !== undefined && mac !== undefined) line.add(macText(mac, flags.macDecode))
  const isWhole = family === 'ipv4' ? ipv4(line, 0) : ipv6(line, 0)
  if (isWhole && mark !== 0) line.add(`MARK=0x${mark.toString(16)} `)
  return line.text.trimEnd()
}

/** What is written, and the packet that is read. */
class Line {
  readonly #packet: Uint8Array
  readonly #length: number
  readonly flags: LogFlags
  text = ''

  constructor(packet: Uint8Array, length: number, flags: LogFlags) {
    this.#packet = packet
    this.#length = length
    this.flags = flags
  }

  add(text: string): void {
    this.text += text
  }

  /** Whether the packet has `bytes` from `at` on. */
  has(at: number, bytes: number): boolean {
    return at + bytes <= this.#packet.length
  }

  /** Says so when it has not. */
  complete(at: number, bytes: number): boolean {
    if (this.has(at, bytes)) return true
    this.add(`INCOMPLETE [${this.left(at)} bytes] `)
    return false
  }

  /** Bytes of the whole packet from `at` on; what the kernel prints where there are less than none, too. */
  left(at: number): number {
    return (this.#length - at) >>> 0
  }

  byte(at: number): number {
    return this.#packet[at]!
  }

  u16(at: number): number {
    return (this.byte(at) << 8) | this.byte(at + 1)
  }

  u32(at: number): number {
    return this.u16(at) * 65536 + this.u16(at + 2)
  }

  bytes(at: number, count: number): Uint8Array {
    return this.#packet.slice(at, at + count)
  }

  /** `OPT (…)`; false when they are cut off. */
  options(at: number, count: number, cut: string): boolean {
    if (count <= 0) return true
    if (!this.has(at, count)) {
      this.add(cut)
      return false
    }
    this.add(`OPT (${hex(this.bytes(at, count), '').toUpperCase()}) `)
    return true
  }
}

const hex = (bytes: Uint8Array, between: string): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(between)

function macText(mac: Uint8Array, decode: boolean): string {
  if (!decode) return `MAC=${hex(mac, ':')} `
  const part = (from: number, to: number): string => hex(mac.slice(from, to), ':')
  return `MACSRC=${part(6, 12)} MACDST=${part(0, 6)} MACPROTO=${hex(mac.slice(12), '')} `
}

const [ICMP, TCP, UDP, ESP, AH, ICMPV6, UDPLITE] = [1, 6, 17, 50, 51, 58, 136] as const
const hex2 = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(2, '0')}`

/** From the header at `at`; false when nothing more may be written behind it. */
function ipv4(line: Line, at: number): boolean {
  if (!line.has(at, 20)) {
    line.add('TRUNCATED')
    return false
  }
  const address = (from: number): string => formatAddress(line.bytes(at + from, 4))
  const tos = line.byte(at + 1)
  const fragment = line.u16(at + 6)
  const offset = fragment & 0x1fff
  line.add(`SRC=${address(12)} DST=${address(16)} LEN=${line.u16(at + 2)} `)
  line.add(
    `TOS=${hex2(tos & 0x1e)} PREC=${hex2(tos & 0xe0)} TTL=${line.byte(at + 8)} ID=${line.u16(at + 4)} `,
  )
  for (const [bit, name] of [
    [0x8000, 'CE'],
    [0x4000, 'DF'],
    [0x2000, 'MF'],
  ] as const)
    if ((fragment & bit) !== 0) line.add(`${name} `)
  if (offset !== 0) line.add(`FRAG:${offset} `)
  const header = (line.byte(at) & 15) * 4
  if (line.flags.ipOptions && !line.options(at + 20, header - 20, 'TRUNCATED')) return false
  const protocol = line.byte(at + 9)
  const l4 = at + header
  switch (protocol) {
    case TCP:
      return tcp(line, l4, offset !== 0)
    case UDP:
    case UDPLITE:
      return udp(line, protocol, l4, offset !== 0)
    case ICMP:
      icmp(line, l4, offset !== 0, at === 0)
      return true
    case AH:
    case ESP:
      if (protocol === ESP || offset === 0) line.add(`PROTO=${protocol === AH ? 'AH' : 'ESP'} `)
      if (offset === 0 && line.complete(l4, protocol === AH ? 12 : 8))
        line.add(`SPI=0x${line.u32(l4 + (protocol === AH ? 4 : 0)).toString(16)} `)
      return true
    default:
      line.add(`PROTO=${protocol} `)
      return true
  }
}

function tcp(line: Line, at: number, isFragment: boolean): boolean {
  line.add('PROTO=TCP ')
  if (isFragment) return true
  if (!line.complete(at, 20)) return false
  line.add(`SPT=${line.u16(at)} DPT=${line.u16(at + 2)} `)
  if (line.flags.tcpSequence) line.add(`SEQ=${line.u32(at + 4)} ACK=${line.u32(at + 8)} `)
  // Since Linux 6.18 the lowest of these bits is a flag (accurate ECN); older kernels print it in RES.
  const reserved = (line.byte(at + 12) & 14) << 2
  line.add(`WINDOW=${line.u16(at + 14)} RES=0x${reserved.toString(16).padStart(2, '0')} `)
  const bits = line.byte(at + 13)
  if ((line.byte(at + 12) & 1) !== 0) line.add('AE ')
  for (const [i, name] of ['CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN'].entries())
    if ((bits & (0x80 >> i)) !== 0) line.add(`${name} `)
  line.add(`URGP=${line.u16(at + 18)} `)
  const options = (line.byte(at + 12) >> 4) * 4 - 20
  return !line.flags.tcpOptions || line.options(at + 20, options, 'OPT (TRUNCATED)')
}

function udp(line: Line, protocol: number, at: number, isFragment: boolean): boolean {
  line.add(protocol === UDP ? 'PROTO=UDP ' : 'PROTO=UDPLITE ')
  if (isFragment) return true
  if (!line.complete(at, 8)) return false
  line.add(`SPT=${line.u16(at)} DPT=${line.u16(at + 2)} LEN=${line.u16(at + 4)} `)
  return true
}

/** Bytes that a message of a type must have, where fewer than its header would not be told otherwise. */
const ICMP_LENGTHS: Readonly<Record<number, number>> = {
  0: 4,
  3: 28,
  4: 28,
  5: 28,
  8: 4,
  11: 28,
  12: 28,
  13: 20,
  14: 20,
  17: 12,
  18: 12,
}

function icmp(line: Line, at: number, isFragment: boolean, isOuter: boolean): void {
  line.add('PROTO=ICMP ')
  if (isFragment || !line.complete(at, 8)) return
  const [type, code] = [line.byte(at), line.byte(at + 1)]
  line.add(`TYPE=${type} CODE=${code} `)
  if (line.left(at) < (ICMP_LENGTHS[type] ?? 0)) {
    line.add(`INCOMPLETE [${line.left(at)} bytes] `)
    return
  }
  if (type === 0 || type === 8) line.add(`ID=${line.u16(at + 4)} SEQ=${line.u16(at + 6)} `)
  else if (type === 12) line.add(`PARAMETER=${line.byte(at + 4)} `)
  else if (type === 5) line.add(`GATEWAY=${formatAddress(line.bytes(at + 4, 4))} `)
  if (type !== 3 && type !== 4 && type !== 5 && type !== 11) return
  if (isOuter) inner(line, () => ipv4(line, at + 8))
  if (type === 3 && code === 4) line.add(`MTU=${line.u16(at + 6)} `)
}

function inner(line: Line, write: () => void): void {
  line.add('[')
  write()
  line.add('] ')
}

/** Unabridged, as %pI6 writes it. */
function longAddress(bytes: Uint8Array): string {
  return Array.from({ length: 8 }, (_, i) => hex(bytes.slice(2 * i, 2 * i + 2), '')).join(':')
}

const [HOPOPTS, ROUTING, FRAGMENT, DSTOPTS, NONE] = [0, 43, 44, 60, 59] as const
const EXTENSIONS: readonly number[] = [HOPOPTS, ROUTING, FRAGMENT, ESP, AH, NONE, DSTOPTS]

function ipv6(line: Line, at: number): boolean {
  if (!line.has(at, 40)) {
    line.add('TRUNCATED')
    return false
  }
  const first = line.u32(at)
  line.add(`SRC=${longAddress(line.bytes(at + 8, 16))} DST=${longAddress(line.bytes(at + 24, 16))} `)
  line.add(`LEN=${line.u16(at + 4) + 40} TC=${(first >>> 20) & 255} `)
  line.add(`HOPLIMIT=${line.byte(at + 7)} FLOWLBL=${first & 0xfffff} `)
  const walked = extensions(line, at)
  if (walked === undefined) return false
  const { protocol, l4, isFragment } = walked
  switch (protocol) {
    case TCP:
      return tcp(line, l4, isFragment)
    case UDP:
    case UDPLITE:
      return udp(line, protocol, l4, isFragment)
    case ICMPV6:
      return icmp6(line, l4, isFragment, at === 0)
    default:
      line.add(`PROTO=${protocol} `)
      return true
  }
}

function extensions(
  line: Line,
  at: number,
): { protocol: number; l4: number; isFragment: boolean } | undefined {
  const tell = line.flags.ipOptions
  let isFragment = false
  let protocol = line.byte(at + 6)
  let l4 = at + 40
  while (protocol !== NONE && EXTENSIONS.includes(protocol)) {
    if (!line.has(l4, 2)) {
      line.add('TRUNCATED')
      return undefined
    }
    if (tell) line.add('OPT ( ')
    let length = (line.byte(l4 + 1) + 1) * 8
    if (protocol === FRAGMENT) {
      line.add('FRAG:')
      if (!line.has(l4, 8)) {
        line.add('TRUNCATED ')
        return undefined
      }
      const offset = line.u16(l4 + 2)
      line.add(`${offset & 0xfff8} ${(offset & 1) === 0 ? '' : 'INCOMPLETE '}`)
      line.add(
        `ID:${line
          .u32(l4 + 4)
          .toString(16)
          .padStart(8, '0')} `,
      )
      isFragment ||= (offset & 0xfff8) !== 0
      length = 8
    } else if (protocol === AH || protocol === ESP) {
      if (tell && !security(line, protocol, l4, isFragment)) return undefined
      if (protocol === ESP) return undefined
      length = (line.byte(l4 + 1) + 2) * 4
    } else if (isFragment) {
      if (tell) line.add(')')
      return undefined
    }
    if (tell) line.add(') ')
    protocol = line.byte(l4)
    l4 += length
  }
  return { protocol, l4, isFragment }
}

/** AH and ESP among the headers; false when nothing follows. */
function security(line: Line, protocol: number, at: number, isFragment: boolean): boolean {
  line.add(protocol === AH ? 'AH ' : 'ESP ')
  if (isFragment) {
    line.add(')')
    return false
  }
  if (!line.has(at, protocol === AH ? 12 : 8)) {
    line.add(`INCOMPLETE [${line.left(at)} bytes] )`)
    return false
  }
  const spi = line.u32(at + (protocol === AH ? 4 : 0)).toString(16)
  line.add(`SPI=0x${spi} ${protocol === AH ? '' : ')'}`)
  return true
}

function icmp6(line: Line, at: number, isFragment: boolean, isOuter: boolean): boolean {
  line.add('PROTO=ICMPv6 ')
  if (isFragment) return true
  if (!line.complete(at, 8)) return false
  const [type, code] = [line.byte(at), line.byte(at + 1)]
  line.add(`TYPE=${type} CODE=${code} `)
  if (type === 128 || type === 129) line.add(`ID=${line.u16(at + 4)} SEQ=${line.u16(at + 6)} `)
  if (type === 4)
    line.add(
      `POINTER=${line
        .u32(at + 4)
        .toString(16)
        .padStart(8, '0')} `,
    )
  if (type < 1 || type > 4) return true
  if (isOuter) inner(line, () => ipv6(line, at + 8))
  if (type === 2) line.add(`MTU=${line.u32(at + 4)} `)
  return true
}
