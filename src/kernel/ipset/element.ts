/**
 * Elements of a set: the text of `add`, which may stand for several (ranges of addresses and of ports), and the text
 * that `save` prints.
 */
import { addressBits, formatAddress, maskedBy, parseAddress, prefixMask } from '../address.ts'
import type { Element, Net, SetHeader } from '../ipset.ts'
import { Problem } from '../problem.ts'
import type { Family } from '../ruleset.ts'
import { parseProtocolPort, portSpan, printProtocolPort, type PortSpan } from './ports.ts'
import { SET_TYPES, type Dimension } from './types.ts'

export function printElement({ first, port, second, set }: Element, { type }: SetHeader): string {
  if (set !== undefined) return set
  if (type === 'bitmap:port') return String(port!.port)
  const parts: string[] = []
  if (first) parts.push(printNet(first))
  if (port) parts.push(printProtocolPort(port))
  if (second) parts.push(printNet(second))
  return parts.join(',')
}

const printNet = ({ address, prefixLength }: Net): string =>
  prefixLength === (address.includes(':') ? 128 : 32) ? address : `${address}/${prefixLength}`

/** Every element that the text stands for. */
export function parseElements(text: string, header: SetHeader): Element[] {
  const { dimensions } = SET_TYPES[header.type]
  if (header.type === 'list:set') return [{ set: text }]
  if (header.type === 'bitmap:port') return bitmapPorts(text, header)
  const family = header.family ?? 'ipv4'
  const parts = text.split(',')
  if (parts.length !== dimensions.length) throw wrongCount(text, parts.length, dimensions.length)
  const [first, port, second] = parts
  const firsts = addresses(first!, dimensions[0]!, family)
  if (header.type === 'hash:ip') {
    if (firsts.some(({ address }) => /^[0.:]+$/.test(address)))
      throw new Problem('Null-valued element, cannot be stored in a hash type of set', { field: text })
    return firsts.map((net) => ({ first: net }))
  }
  if (port === undefined) return firsts.map((net) => ({ first: net }))
  const span = parseProtocolPort(port, family)
  const seconds = second === undefined ? [undefined] : addresses(second, dimensions[2]!, family)
  return firsts.flatMap((net) =>
    ports(span).flatMap((each) =>
      seconds.map((other) => ({ first: net, port: each, ...(other && { second: other }) })),
    ),
  )
}

function wrongCount(text: string, given: number, wanted: number): Problem {
  const names = ['First', 'Second', 'Third']
  return given < wanted
    ? new Problem(`${names[given]} element is missing from ${text}.`, { field: text })
    : new Problem(`Elem separator in ${text}, but settype supports ${wanted} dimension(s).`, { field: text })
}

function ports({ protocol, from, to }: PortSpan): { protocol: number; port: number }[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({ protocol, port: from + i }))
}

/** `PORT`, `PORT-PORT`, `tcp:PORT`; the protocol is not kept. */
function bitmapPorts(text: string, { range }: SetHeader): Element[] {
  const span = /^(?:tcp|udp):/.test(text) ? portSpan(text.slice(4)) : portSpan(text)
  if (span.from < range!.from || span.to > range!.to)
    throw new Problem('Element is out of the range of the set', { field: text })
  return ports({ protocol: 0, ...span }).map((port) => ({ port }))
}

/** More than this is a mistake, not a set: the kernel works through ranges in blocks of this size. */
const MAX_RANGE = 1 << 20

function addresses(text: string, dimension: Dimension, family: Family): Net[] {
  const bits = addressBits(family)
  const dash = text.indexOf('-')
  if (dash >= 0) {
    if (family === 'ipv6') throw new Problem(`plain IP address must be supplied: ${text}`, { field: text })
    const ends = [toNumber(text.slice(0, dash), text), toNumber(text.slice(dash + 1), text)]
    const [from, to] = ends[0]! <= ends[1]! ? (ends as [number, number]) : [ends[1]!, ends[0]!]
    return dimension === 'net' ? cover(from, to) : each(from, to, text)
  }
  const [host, length] = text.split('/') as [string, string?]
  const bytes = parseAddress(host, family)
  if (!bytes)
    throw new Problem(
      `cannot parse ${host}: resolving to ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address failed`,
      {
        field: text,
      },
    )
  const prefixLength = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN
  if (!(prefixLength <= bits)) throw new Problem(`'${length}' is out of range 0-${bits}`, { field: text })
  const address = formatAddress(maskedBy(bytes, prefixMask(family, prefixLength)))
  if (dimension === 'net') {
    if (prefixLength === 0)
      throw new Problem('The value of the CIDR parameter of the IP address is invalid', { field: text })
    return [{ address, prefixLength }]
  }
  if (prefixLength === bits) return [{ address, prefixLength }]
  if (family === 'ipv6') throw new Problem(`plain IP address must be supplied: ${text}`, { field: text })
  const from = toNumber(address, text)
  return each(from, from + 2 ** (32 - prefixLength) - 1, text)
}

function toNumber(text: string, field: string): number {
  const bytes = parseAddress(text, 'ipv4')
  if (!bytes) throw new Problem(`cannot parse ${text}: resolving to IPv4 address failed`, { field })
  return bytes.reduce((number, byte) => number * 256 + byte, 0)
}

const fromNumber = (number: number): string =>
  [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')

function each(from: number, to: number, field: string): Net[] {
  if (to - from >= MAX_RANGE) throw new Problem(`more than ${MAX_RANGE} elements`, { field })
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    address: fromNumber(from + i),
    prefixLength: 32,
  }))
}

/** The fewest networks that make up a range, in its order (ip_set_range_to_cidr). */
function cover(from: number, to: number): Net[] {
  const nets: Net[] = []
  let at = from
  while (at <= to) {
    let size = 1
    while (size < 2 ** 31 && at % (size * 2) === 0 && at + size * 2 - 1 <= to) size *= 2
    nets.push({ address: fromNumber(at), prefixLength: 32 - Math.log2(size) })
    at += size
  }
  return nets
}
