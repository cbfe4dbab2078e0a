/** The twin's lists of the recent match (xt_recent.c), as plain arrays in the order of the last touch. */
import { parseAddress } from '../../../src/kernel/address.ts'
import type { Match } from '../../../src/kernel/ruleset.ts'
import type { TwinPacket } from './packet.ts'
import type { TwinWorld } from './world.ts'

interface Entry {
  readonly key: string
  ttl: number
  stamps: number[]
  index: number
  readonly born: number
}

interface List {
  readonly mask: Uint8Array
  size: number
  /** Touched longest ago first. */
  entries: Entry[]
}

const HZ = 250

export class RecentLists {
  readonly #lists = new Map<string, List>()
  #born = 0

  /** A rule that names a list makes it; more stamps than it has make it anew. */
  declare(match: Extract<Match, { kind: 'recent' }>, family: 'ipv4' | 'ipv6'): void {
    let size = 32
    if (match.hitcount) for (size = 1; size < match.hitcount;) size *= 2
    const list = this.#lists.get(match.name)
    if (!list) this.#lists.set(match.name, { mask: parseAddress(match.mask, family)!, size, entries: [] })
    else if (size > list.size) {
      list.size = size
      list.entries = []
    }
  }

  match(match: Extract<Match, { kind: 'recent' }>, packet: TwinPacket, world: TwinWorld): boolean {
    const list = this.#lists.get(match.name)!
    const now = world.jiffies()
    const not = match.not === true
    const address = match.side === 'rsource' ? packet.source : packet.destination
    const key = `${packet.family} ${address.map((byte, i) => byte & list.mask[i]!).join('.')}`
    const bare =
      packet.family === 'ipv6' && packet.input.local === 'kernel' && packet.transport.protocol === 6
    const ttl = world.hasOut && (!packet.input.local || bare) ? (packet.ttl + 1) & 255 : packet.ttl
    const asked = match.rttl ? ttl : 0
    const entry = list.entries
      .filter((candidate) => candidate.key === key)
      .filter((candidate) => candidate.ttl === asked || asked === 0 || candidate.ttl === 0)
      .sort((a, b) => a.born - b.born)[0]
    if (!entry) {
      if (match.command !== 'set') return not
      if (list.entries.length >= 100) list.entries.shift()
      list.entries.push({ key, ttl, stamps: [now], index: 1, born: this.#born++ })
      return !not
    }
    const forget = (gone: Entry): void => {
      list.entries = list.entries.filter((candidate) => candidate !== gone)
    }
    if (match.command === 'remove') {
      forget(entry)
      return !not
    }
    let matched = not
    if (match.command === 'set') matched = !not
    else {
      const since = now - (match.seconds ?? 0) * HZ
      const young = entry.stamps.filter((stamp) => !match.seconds || stamp >= since)
      if (young.length >= Math.max(1, match.hitcount ?? 0)) matched = !not
      if (match.reap) {
        const oldest = list.entries[0]!
        const working = match.command === 'update' && matched && oldest === entry
        if (!working && oldest.stamps[oldest.index - 1]! < since) forget(oldest)
      }
    }
    if (match.command === 'set' || (match.command === 'update' && matched)) {
      entry.index %= list.size
      entry.stamps[entry.index++] = now
      entry.ttl = ttl
      if (list.entries.includes(entry)) {
        forget(entry)
        list.entries.push(entry)
      }
    }
    return matched
  }
}
