/** Matches on the transport header: tcp, udp, sctp. */
import * as M from '../../abi/match.ts'
import type { Match } from '../../kernel/ruleset.ts'
import { bytes, head, range } from './record.ts'
import type { Words } from './words.ts'

type Of<K extends Match['kind']> = Extract<Match, { kind: K }>

export function encodeTcp(out: Words, match: Of<'tcp'>): void {
  const { flags, option } = match
  out.push(head(M.MATCH_TCP, M.PORTS_SIZE))
  const invert = (flags?.not ? M.TCP_NOT_FLAGS : 0) | (option?.not ? M.TCP_NOT_OPTION : 0)
  encodePorts(
    out,
    match,
    bytes(flags?.value.mask ?? 0, flags?.value.compare ?? 0, option?.value ?? 0, 0),
    invert,
  )
}

export function encodePorts(out: Words, match: Of<'tcp' | 'udp'>, word: number, invert: number): void {
  const { sourcePort, destinationPort } = match
  out.push(range(sourcePort?.value))
  out.push(range(destinationPort?.value))
  const not = (sourcePort?.not ? M.PORTS_NOT_SRC : 0) | (destinationPort?.not ? M.PORTS_NOT_DST : 0)
  out.push((word | ((not | invert) << 24)) >>> 0)
}

export function encodeSctp(out: Words, match: Of<'sctp'>): void {
  const { sourcePort, destinationPort, chunks } = match
  const tests = (chunks?.value.types ?? []).filter((test) => test.flags !== undefined)
  const scope = { any: M.SCTP_SCOPE_ANY, all: M.SCTP_SCOPE_ALL, only: M.SCTP_SCOPE_ONLY }
  const bits = (
    source: boolean | undefined,
    destination: boolean | undefined,
    chunk: boolean | undefined,
  ): number => (source ? M.SCTP_SRC : 0) | (destination ? M.SCTP_DST : 0) | (chunk ? M.SCTP_CHUNKS : 0)
  out.push(head(M.MATCH_SCTP, M.SCTP_TEST + M.SCTP_TEST_SIZE * tests.length))
  out.push(range(sourcePort?.value))
  out.push(range(destinationPort?.value))
  out.push(0)
  out.push(
    bytes(
      scope[chunks?.value.scope ?? 'any'],
      tests.length,
      bits(sourcePort?.not, destinationPort?.not, chunks?.not),
      bits(sourcePort !== undefined, destinationPort !== undefined, chunks !== undefined),
    ),
  )
  const map = new Uint32Array(8)
  for (const { type } of chunks?.value.types ?? []) map[type >> 5]! |= 1 << (type & 31)
  out.pushWords(map)
  for (const { type, flags } of tests) out.push(bytes(type, flags!.mask, flags!.compare, 0))
}
