/**
 * Expectations in a file: who should reach whom, and who should not.
 *
 * ```yaml
 * - name: the shop asks its database
 *   from: deploy/shop
 *   to: svc/db
 *   port: 5432           # a number, the name of a port, 53/udp, or a list of these
 *   protocol: tcp        # may be left out
 *   family: ipv6         # or ipv4, or both in a list; default: the first that both ends have
 *   expect: delivered    # or rejected, dropped; allowed (one of the first two), denied (dropped)
 * ```
 *
 * `from` and `to` may be lists: then every pair is meant. Every entry keeps its place in the file.
 */
import { isMap, isSeq, LineCounter, parseDocument } from 'yaml'
import { Problem, type Place } from '../../kernel/problem.ts'
import type { Family } from '../../kernel/ruleset.ts'
import { isRecord } from '../manifests/document.ts'
import { parsePort, parseProtocol, parseReference, suggest, type FlowProtocol } from '../reference.ts'

export const EXPECTED = ['delivered', 'rejected', 'dropped', 'allowed', 'denied'] as const
export type Expected = (typeof EXPECTED)[number]

export interface Expectation {
  /** As given, or made of the rest. */
  readonly name: string
  readonly from: string
  readonly to: string
  readonly port?: number | string
  readonly protocol?: FlowProtocol
  readonly family?: Family
  readonly expect: Expected
  /** Of the whole entry. */
  readonly place: Place & { readonly lines?: Readonly<Record<string, number | undefined>> }
}

const FIELDS = ['name', 'from', 'to', 'port', 'protocol', 'family', 'expect'] as const

/** @throws Problem at the first entry that cannot be meant, with its line */
export function parseExpectations(text: string, file?: string): Expectation[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false })
  const at = (offset: number | undefined, field?: string): Place => ({
    ...(file === undefined ? {} : { file }),
    ...(offset === undefined ? {} : { line: lines.linePos(offset).line }),
    ...(field === undefined ? {} : { field }),
  })
  const [error] = document.errors
  if (error !== undefined) {
    const several = error.code === 'MULTIPLE_DOCS'
    const message = several ? 'expected one document' : (error.message.split('\n', 1)[0] ?? error.message)
    throw new Problem(message, at(error.pos[0]))
  }
  const contents: unknown = document.contents
  const list: unknown = isMap(contents) ? contents.get('expectations', true) : contents
  if (isMap(contents)) {
    for (const { key } of contents.items) {
      if (String(key) !== 'expectations') {
        throw new Problem(
          'is not known in a file of expectations: expected a list',
          at(offsetOf(key), String(key)),
        )
      }
    }
  }
  if (!isSeq(list)) throw new Problem('expected a list of expectations', at(offsetOf(contents)))
  if (list.items.length === 0) throw new Problem('holds no expectation', at(offsetOf(list)))
  return list.items.flatMap((item, index) => {
    const place = (field?: string): Place => {
      const pair = isMap(item) ? item.items.find(({ key }) => String(key) === field) : undefined
      const path = `[${index}]${field === undefined ? '' : `.${field}`}`
      return at(offsetOf(pair?.key) ?? offsetOf(item), path)
    }
    const value: unknown = isMap(item) ? item.toJS(document) : undefined
    return readOne(value, place)
  })
}

function offsetOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range))
    return undefined
  return Number(node.range[0])
}

function readOne(value: unknown, place: (field?: string) => Place): Expectation[] {
  if (!isRecord(value)) throw new Problem(`expected a map with ${FIELDS.join(', ')}`, place())
  for (const field of Object.keys(value)) {
    if (FIELDS.includes(field as (typeof FIELDS)[number])) continue
    throw new Problem(`is not part of an expectation${suggest(field, FIELDS)}`, place(field))
  }
  const froms = references(value, 'from', place)
  const tos = references(value, 'to', place)
  const { name, expect } = value
  if (name !== undefined && typeof name !== 'string') throw new Problem('expected a string', place('name'))
  if (expect === undefined) throw new Problem(`is needed: one of ${EXPECTED.join(', ')}`, place('expect'))
  const expected = EXPECTED.find((candidate) => candidate === expect)
  if (expected === undefined) {
    throw new Problem(
      `${JSON.stringify(expect)} is not known: expected ${EXPECTED.join(', ')}`,
      place('expect'),
    )
  }
  const protocol = protocolOf(value['protocol'], place('protocol'))
  const ports = portsOf(value['port'], protocol, place('port'))
  const families = familiesOf(value['family'], place('family'))
  const lines = Object.fromEntries(FIELDS.map((field) => [field, place(field).line]))
  const several = froms.length * tos.length * ports.length * families.length > 1
  return froms.flatMap((from) =>
    tos.flatMap((to) =>
      ports.flatMap((port) =>
        families.map((family): Expectation => {
          const made = `${from} → ${to}${textOf(port)}${family === undefined ? '' : ` (${family})`}`
          return {
            name: name === undefined ? `${made} ${expected}` : several ? `${name}: ${made}` : name,
            from,
            to,
            ...port,
            ...(family === undefined ? {} : { family }),
            expect: expected,
            place: { ...place(), lines },
          }
        }),
      ),
    ),
  )
}

/** Undefined: not said. */
function familiesOf(given: unknown, place: Place): (Family | undefined)[] {
  if (given === undefined) return [undefined]
  const list: unknown[] = Array.isArray(given) ? given : [given]
  if (list.length === 0) throw new Problem('is an empty list', place)
  return list.map((item) => {
    if (item === 'ipv4' || item === 'ipv6') return item
    throw new Problem(`${JSON.stringify(item)} is not known: expected ipv4 or ipv6`, place)
  })
}

function references(
  value: Readonly<Record<string, unknown>>,
  field: 'from' | 'to',
  place: (field: string) => Place,
): string[] {
  const given = value[field]
  if (given === undefined) throw new Problem('is needed', place(field))
  const list: unknown[] = Array.isArray(given) ? given : [given]
  if (list.length === 0) throw new Problem('is an empty list', place(field))
  return list.map((item) => {
    if (typeof item !== 'string' || item === '') throw new Problem('expected a string', place(field))
    placedAt(place(field), () => parseReference(item, field))
    return item
  })
}

type Port = Pick<Expectation, 'port' | 'protocol'>

function portsOf(given: unknown, protocol: FlowProtocol | undefined, place: Place): Port[] {
  const common = protocol === undefined ? {} : { protocol }
  if (given === undefined) return [common]
  const list: unknown[] = Array.isArray(given) ? given : [given]
  if (list.length === 0) throw new Problem('is an empty list', place)
  return list.map((item) => {
    if (typeof item !== 'string' && typeof item !== 'number') {
      throw new Problem('expected a number, a name or 53/udp', place)
    }
    const [port = '', its, ...rest] = String(item).split('/')
    if (rest.length > 0) throw new Problem(`${JSON.stringify(item)}: expected PORT/PROTOCOL`, place)
    if (port === 'icmp' && its === undefined) return { protocol: 'icmp' as const }
    const own = its === undefined ? common : { protocol: placedAt(place, () => parseProtocol(its, 'port')) }
    if (own.protocol === 'icmp') throw new Problem('icmp has no ports', place)
    if (its !== undefined && protocol !== undefined && own.protocol !== protocol) {
      throw new Problem(`the protocol is given twice, as ${its} and as ${protocol}`, place)
    }
    if (/[a-z]/.test(port)) return { port, ...own }
    return { port: placedAt(place, () => parsePort(port, 'port')), ...own }
  })
}

function protocolOf(given: unknown, place: Place): FlowProtocol | undefined {
  if (given === undefined) return undefined
  if (typeof given !== 'string') throw new Problem('expected tcp, udp, sctp or icmp', place)
  return placedAt(place, () => parseProtocol(given, 'protocol'))
}

/** The place in the file knows more than the name of a field. */
function placedAt<T>(place: Place, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw error instanceof Problem ? new Problem(error.reason, place) : error
  }
}

function textOf({ port, protocol }: Port): string {
  if (port === undefined) return protocol === undefined ? '' : ` ${protocol}`
  return ` ${port}${protocol === undefined ? '' : `/${protocol}`}`
}
