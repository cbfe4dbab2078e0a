/** Elements as records of src/abi/ipset.ts. */
import {
  SETELEM_BYTES,
  SETELEM_EXPIRES,
  SETELEM_FIRST,
  SETELEM_FLAGS,
  SETELEM_F_NOMATCH,
  SETELEM_PACKETS,
  SETELEM_PORT,
  SETELEM_SECOND,
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
import { addressBits } from '../../kernel/address.ts'
import { MAXELEM } from '../../kernel/ipset/defaults.ts'
import { SET_TYPES } from '../../kernel/ipset/types.ts'
import type { Element, Net, SetEntry, SetHeader, SetType } from '../../kernel/ipset.ts'
import { Problem } from '../../kernel/problem.ts'
import { addressWords, type AddressWords } from '../address.ts'

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
export const limitOf = ({ maxelem = MAXELEM, range }: SetHeader): number =>
  range ? (range.from | (range.to << 16)) >>> 0 : maxelem

/** Virtual microseconds at which an entry with so many seconds left is gone; 0 = never. */
export const expiry = (seconds: number | undefined, now: number): number =>
  seconds === undefined || seconds === 0 ? 0 : Math.round(now * 1000) + seconds * 1_000_000

const NO_ADDRESS: AddressWords = [0, 0, 0, 0]

/**
 * Writes the record of an entry at word `at`. The element must be one of the set's type, as `checkElement` says; `now`
 * in virtual milliseconds.
 */
export function encodeElement(
  words: Uint32Array,
  at: number,
  entry: SetEntry,
  header: SetHeader,
  now: number,
): void {
  const { element, timeout, packets, bytes, nomatch } = entry
  const { first, port, second } = element
  words.set(first ? wordsOf(first, header) : NO_ADDRESS, at + SETELEM_FIRST / 4)
  words.set(second ? wordsOf(second, header) : NO_ADDRESS, at + SETELEM_SECOND / 4)
  words[at + SETELEM_PORT / 4] =
    (port ? ((port.port & 255) << 8) | (port.port >> 8) | (port.protocol << 16) : 0) |
    (prefixOf(element, header) << 24)
  words[at + SETELEM_FLAGS / 4] = nomatch ? SETELEM_F_NOMATCH : 0
  writeLong(words, at + SETELEM_EXPIRES / 4, expiry(timeout, now))
  writeLong(words, at + SETELEM_PACKETS / 4, packets ?? 0)
  writeLong(words, at + SETELEM_BYTES / 4, bytes ?? 0)
}

/** A whole number as 64 bits, low word first. */
export function writeLong(words: Uint32Array, at: number, value: number): void {
  words[at] = value % 2 ** 32
  words[at + 1] = value / 2 ** 32
}

const wordsOf = ({ address }: Net, { family = 'ipv4' }: SetHeader): AddressWords =>
  addressWords(address, family)

/** The length of the network that the type has, 0 for types without one. */
function prefixOf({ first, second }: Element, { type }: SetHeader): number {
  if (type === 'hash:ip,port,net') return second!.prefixLength
  return type === 'hash:net' || type === 'hash:net,port' ? first!.prefixLength : 0
}

/** Throws a Problem when the element cannot be one of such a set. */
export function checkElement({ first, port, second, set }: Element, header: SetHeader): void {
  const { name, type, family = 'ipv4', range } = header
  const { dimensions } = SET_TYPES[type]
  const has = (part: unknown, wanted: boolean): boolean => (part !== undefined) === wanted
  const [one, , three] = dimensions
  const fits =
    has(set, one === 'set') &&
    has(first, one === 'ip' || one === 'net') &&
    has(port, dimensions.includes('port')) &&
    has(second, three !== undefined)
  if (!fits) throw new Problem(`the element is not one of a set of type ${type}`, { field: name })
  if (first) checkNet(first, one === 'net', header, addressBits(family))
  if (second) checkNet(second, three === 'net', header, addressBits(family))
  if (port && range && (port.port < range.from || port.port > range.to))
    throw new Problem('Element is out of the range of the set', { field: name })
}

function checkNet({ address, prefixLength }: Net, net: boolean, header: SetHeader, bits: number): void {
  addressWords(address, header.family ?? 'ipv4')
  if (net ? prefixLength < 1 || prefixLength > bits : prefixLength !== bits)
    throw new Problem(`prefix length ${prefixLength} does not go with type ${header.type}`, {
      field: `${header.name} ${address}`,
    })
}
