/**
 * The model of a namespace's IP sets: what `ipset save` says, as plain immutable data. A set whose object is the same
 * before and after a change has not been touched; an update copies the entries of the sets that it changes only.
 *
 * The real tool lists the members of a hash in the order of its buckets, which depends on a random seed. Here they
 * are in the order in which they were added; compare sorted.
 */
import type { Family, PortRange } from './ruleset.ts'

export type SetType =
  | 'hash:ip'
  | 'hash:net'
  | 'hash:ip,port'
  | 'hash:ip,port,ip'
  | 'hash:ip,port,net'
  | 'hash:net,port'
  | 'bitmap:port'
  | 'list:set'

/** All sets by name, in the order in which they were created. */
export type IpSets = ReadonlyMap<string, IpSet>

/** What `create` says. */
export interface SetHeader {
  readonly name: string
  readonly type: SetType
  /** Hash types only. */
  readonly family?: Family
  /** Hash types: buckets, a power of two. */
  readonly hashsize?: number
  readonly maxelem?: number
  readonly bucketsize?: number
  /** The seed of the real hash, when the text named one. Never compared. */
  readonly initval?: number
  /** bitmap:port only. */
  readonly range?: PortRange
  /** list:set only. */
  readonly size?: number
  /** Seconds an entry without its own timeout lives, 0 = for ever. Absent: entries have no timeouts. */
  readonly timeout?: number
  readonly counters?: boolean
  readonly comment?: boolean
}

export interface IpSet extends SetHeader {
  /** By the text of the element, as `ipset save` prints it. */
  readonly entries: ReadonlyMap<string, SetEntry>
}

export interface SetEntry {
  readonly element: Element
  /** Seconds left, 0 = for ever; present exactly in sets with timeouts. */
  readonly timeout?: number
  /** An exception of a set of networks: what it matches is not in the set. */
  readonly nomatch?: boolean
  /** Present exactly in sets with counters. */
  readonly packets?: number
  readonly bytes?: number
  readonly comment?: string
}

/** A member, by the dimensions of its set's type. */
export interface Element {
  readonly first?: Net
  readonly port?: { readonly protocol: number; readonly port: number }
  readonly second?: Net
  /** list:set: the member's name. */
  readonly set?: string
}

/** An address, or a network where the type has one there; already masked. */
export interface Net {
  readonly address: string
  readonly prefixLength: number
}

/**
 * A change of some sets of a namespace, for those who know what they change: it costs what it names, not what is
 * there. The steps are taken in the order of the fields, and a set made by the first may be named in the others.
 */
export interface SetsChange {
  /** New sets with their entries. */
  readonly create?: readonly IpSet[]
  /** Elements to take out, by set; those that are not there are passed over. */
  readonly delete?: ReadonlyMap<string, readonly Element[]>
  /** Entries to add, or to renew, by set. */
  readonly add?: ReadonlyMap<string, readonly SetEntry[]>
  /** Sets to take away, which no rule and no list names any more. */
  readonly destroy?: readonly string[]
}
