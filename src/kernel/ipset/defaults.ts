/** What `create` leaves out (ipset 7.17: lib/ipset_hash_*.c, ip_set_hash_gen.h, ip_set_list_set.c). */
import type { IpSet, SetHeader } from '../ipset.ts'
import { Problem } from '../problem.ts'

/** Most elements of a hash that does not say. */
export const MAXELEM = 65_536

const HASHSIZE = 1024
const LIST_SIZE = 8

/** The default, and the most (AHASH_MAX_SIZE). */
export const MAX_BUCKETSIZE = 12

/** An empty set as `create` makes it. */
export function newSet(header: SetHeader): IpSet {
  return { ...withDefaults(header), entries: new Map() }
}

/** A header with all that the real tool would print; a Problem when a set cannot be made of it. */
export function withDefaults(header: SetHeader): SetHeader {
  if (header.type === 'bitmap:port') {
    if (!header.range) throw new Problem("Mandatory option `range' is missing", { field: header.name })
    return header
  }
  if (header.type === 'list:set') return { ...header, size: Math.max(4, header.size ?? LIST_SIZE) }
  return { ...header, ...hashDefaults(header) }
}

const hashDefaults = ({
  family = 'ipv4',
  hashsize = HASHSIZE,
  maxelem = MAXELEM,
  bucketsize = MAX_BUCKETSIZE,
}: SetHeader) => ({
  family,
  hashsize,
  maxelem,
  bucketsize,
})
