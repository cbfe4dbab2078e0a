/** Elements as records of src/abi/ipset.ts. */
import {
  SETELEM_BYTES,
  SETELEM_EXPIRES,
  SETELEM_FIRST,
  SETELEM_FLAGS,
  SETELEM_F_NOMATCH,
  SETELEM_PACKETS,
  SETELEM_PORT,
  SETELEM_PREFIX,
  SETELEM_PROTO,
  SETELEM_SECOND,
  SETELEM_SIZE,
  SETTYPE_BITMAP_PORT,
  SETTYPE_HASH_IP,
  SETTYPE_HASH_IP_PORT,
  SETTYPE_HASH_IP_PORT_IP,
  SETTYPE_HASH_IP_PORT_NET,
  SETTYPE_HASH_NET,
  SETTYPE_HASH_NET_PORT,
  SETTYPE_LIST_SET,
} from '../../abi/ipset.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../../abi/verdict.ts'
import { parseAddress } from '../../kernel/address.ts'
import type { Net, SetEntry, SetHeader, SetType } from '../../kernel/ipset.ts'

export const TYPE_NUMBERS: Readonly<Record<SetType, number>> = {
  'hash:ip': SETTYPE_HASH_IP,
  'hash:net': SETTYPE_HASH_NET,
  'hash:ip,port': SETTYPE_HASH_IP_PORT,
  'hash:ip,port,ip': SETTYPE_HASH_IP_PORT_IP,
  'hash:ip,port,net': SETTYPE_HASH_IP_PORT_NET,
  'hash:net,port': SETTYPE_HASH_NET_PORT,
  'bitmap:port': SETTYPE_BITMAP_PORT,
  'list:set': SETTYPE_LIST_SET,
}

export const familyNumber = ({ family }: SetHeader): number =>
  family === undefined ? 0 : family === 'ipv4' ? NFPROTO_IPV4 : NFPROTO_IPV6

/** The last argument of ipset_create: maxelem, or the port range. */
export const limitOf = ({ maxelem = 0, range }: SetHeader): number =>
  range ? (range.from | (range.to << 16)) >>> 0 : maxelem

/** Virtual microseconds at which an entry with so many seconds left is gone; 0 = never. */
export const expiry = (seconds: number | undefined, now: number): bigint =>
  seconds === undefined || seconds === 0 ? 0n : BigInt(Math.round(now * 1000)) + BigInt(seconds) * 1_000_000n

export function encodeElement(
  view: DataView,
  at: number,
  entry: SetEntry,
  { type }: SetHeader,
  now: number,
): void {
  const { element, timeout, packets, bytes, nomatch } = entry
  new Uint8Array(view.buffer, at, SETELEM_SIZE).fill(0)
  if (element.first) writeAddress(view, at + SETELEM_FIRST, element.first)
  if (element.second) writeAddress(view, at + SETELEM_SECOND, element.second)
  if (element.port) {
    view.setUint16(at + SETELEM_PORT, element.port.port)
    view.setUint8(at + SETELEM_PROTO, element.port.protocol)
  }
  const net = type === 'hash:ip,port,net' ? element.second : type.includes('net') ? element.first : undefined
  view.setUint8(at + SETELEM_PREFIX, net?.prefixLength ?? 0)
  view.setUint8(at + SETELEM_FLAGS, nomatch ? SETELEM_F_NOMATCH : 0)
  view.setBigUint64(at + SETELEM_EXPIRES, expiry(timeout, now), true)
  view.setBigUint64(at + SETELEM_PACKETS, BigInt(packets ?? 0), true)
  view.setBigUint64(at + SETELEM_BYTES, BigInt(bytes ?? 0), true)
}

function writeAddress(view: DataView, at: number, { address }: Net): void {
  const ipv4 = parseAddress(address, 'ipv4')
  const target = new Uint8Array(view.buffer, at, 16)
  if (ipv4) {
    target[10] = target[11] = 255
    target.set(ipv4, 12)
  } else target.set(parseAddress(address, 'ipv6')!)
}
