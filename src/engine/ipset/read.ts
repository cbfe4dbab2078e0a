/** Live elements of a set, read from linear memory; what is gone by now is left out. */
import {
  SETBIT_SIZE,
  SETELEM_EXPIRES,
  SETELEM_FIRST,
  SETELEM_FLAGS,
  SETELEM_F_NOMATCH,
  SETELEM_F_USED,
  SETELEM_PORT,
  SETELEM_PREFIX,
  SETELEM_PROTO,
  SETELEM_SECOND,
  SETELEM_SIZE,
  SETMEMBER_EXPIRES,
  SETMEMBER_SIZE,
  SETREC_INDEX,
  SETREC_POOL,
  SETREC_USED,
} from '../../abi/ipset.ts'
import { addressBits, formatAddress } from '../../kernel/address.ts'
import type { Element, Net, SetEntry, SetHeader } from '../../kernel/ipset.ts'
import { SET_TYPES } from '../../kernel/ipset/index.ts'

export type LiveEntry = SetEntry

export function readHash(view: DataView, set: number, header: SetHeader, now: number): LiveEntry[] {
  const pool = view.getUint32(set + SETREC_POOL, true)
  const used = view.getUint32(set + SETREC_USED, true)
  const entries: LiveEntry[] = []
  for (let i = 0; i < used; i++) {
    const at = pool + i * SETELEM_SIZE
    const flags = view.getUint8(at + SETELEM_FLAGS)
    if ((flags & SETELEM_F_USED) === 0) continue
    const extensions = liveExtensions(view, at + SETELEM_EXPIRES, header, now)
    if (!extensions) continue
    const nomatch = (flags & SETELEM_F_NOMATCH) !== 0
    entries.push({ element: readElement(view, at, header), ...(nomatch && { nomatch }), ...extensions })
  }
  return entries
}

export function readBitmap(view: DataView, set: number, header: SetHeader, now: number): LiveEntry[] {
  const bits = view.getUint32(set + SETREC_INDEX, true)
  const pool = view.getUint32(set + SETREC_POOL, true)
  const { from, to } = header.range!
  const entries: LiveEntry[] = []
  for (let id = 0; id <= to - from; id++) {
    if (((view.getUint8(bits + (id >> 3)) >> (id & 7)) & 1) === 0) continue
    const extensions = pool === 0 ? {} : liveExtensions(view, pool + id * SETBIT_SIZE, header, now)
    if (extensions) entries.push({ element: { port: { protocol: 0, port: from + id } }, ...extensions })
  }
  return entries
}

/** Members of a list by name; `names` says whose the records are. */
export function readMembers(
  view: DataView,
  set: number,
  names: readonly string[],
  header: SetHeader,
  now: number,
): Map<string, LiveEntry> {
  const pool = view.getUint32(set + SETREC_POOL, true)
  const members = new Map<string, LiveEntry>()
  for (const [i, name] of names.entries()) {
    const live = liveExtensions(view, pool + i * SETMEMBER_SIZE + SETMEMBER_EXPIRES, header, now)
    if (live) members.set(name, { element: { set: name }, ...live })
  }
  return members
}

function readElement(view: DataView, at: number, { type, family = 'ipv4' }: SetHeader): Element {
  const { dimensions } = SET_TYPES[type]
  const prefixLength = view.getUint8(at + SETELEM_PREFIX)
  const net = (offset: number, isNet: boolean): Net => {
    const bytes = new Uint8Array(
      view.buffer,
      at + offset + (family === 'ipv4' ? 12 : 0),
      family === 'ipv4' ? 4 : 16,
    )
    return { address: formatAddress(bytes), prefixLength: isNet ? prefixLength : addressBits(family) }
  }
  const port = { protocol: view.getUint8(at + SETELEM_PROTO), port: view.getUint16(at + SETELEM_PORT) }
  return {
    first: net(SETELEM_FIRST, dimensions[0] === 'net'),
    ...(dimensions.includes('port') && { port }),
    ...(dimensions.length === 3 && { second: net(SETELEM_SECOND, dimensions[2] === 'net') }),
  }
}

interface Extensions {
  readonly timeout?: number
  readonly packets?: number
  readonly bytes?: number
}

/** The extensions at an address, in the order expires, packets, bytes; undefined when the element is gone. */
function liveExtensions(view: DataView, at: number, header: SetHeader, now: number): Extensions | undefined {
  const expires = view.getBigUint64(at, true)
  const left = Number(expires) - Math.round(now * 1000)
  if (header.timeout !== undefined && expires !== 0n && left < 0) return undefined
  return {
    // ip_set_timeout.h: ip_set_timeout_get: whole seconds, but never 0, which would mean for ever.
    ...(header.timeout !== undefined && {
      timeout: expires === 0n ? 0 : Math.max(1, Math.floor(left / 1_000_000)),
    }),
    ...(header.counters && {
      packets: Number(view.getBigUint64(at + 8, true)),
      bytes: Number(view.getBigUint64(at + 16, true)),
    }),
  }
}
