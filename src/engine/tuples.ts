/** Addresses and tuples in the engine's memory as text. */
import { NFPROTO_IPV4 } from '../abi/verdict.ts'
import { formatAddress } from '../kernel/address.ts'

/** The 16 bytes of an address as text; undefined for the unspecified one. */
export function readAddress(bytes: Uint8Array, at: number, family: number): string | undefined {
  const address = family === NFPROTO_IPV4 ? bytes.slice(at + 12, at + 16) : bytes.slice(at, at + 16)
  if (address.every((byte) => byte === 0)) return undefined
  return formatAddress(address)
}

/** A port in network order. */
export const readPort = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!
