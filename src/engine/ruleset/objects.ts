/**
 * Objects of a namespace that rules share by name: the lists of the recent match, accounting objects, conntrack
 * templates. A rule refers to a list by a handle, so that the list behind it can be made anew with more stamps.
 */
import { CT_SIZE, CT_STATUS, CT_TEMPLATE_DIR, CT_TEMPLATE_ZONE } from '../../abi/conntrack.ts'
import { IPS_CONFIRMED, IPS_TEMPLATE } from '../../abi/conntrack.ts'
import * as L from '../../abi/recent.ts'
import { COUNTER_SIZE } from '../../abi/rule.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Counters, Family, Match, Target } from '../../kernel/ruleset.ts'
import { addressWords } from '../address.ts'
import type { RulesetHost } from './host.ts'

type RecentMatch = Extract<Match, { kind: 'recent' }>

const HANDLE_SIZE = 64

interface RecentList {
  readonly handle: number
  stampMask: number
  /** Chains that name it. */
  uses: number
}

export class NetnsObjects {
  readonly #host: RulesetHost
  readonly #recent = new Map<string, RecentList>()
  readonly #nfacct = new Map<string, number>()
  readonly #templates = new Map<string, number>()

  constructor(host: RulesetHost) {
    this.#host = host
  }

  /** Address of the list's handle; the list is made when it is not there, or made anew when it needs more stamps. */
  recent(match: RecentMatch, family: Family): number {
    const mask = stampMask(match)
    let list = this.#recent.get(match.name)
    if (!list) {
      list = { handle: this.#alloc(HANDLE_SIZE), stampMask: mask, uses: 0 }
      this.#recent.set(match.name, list)
      this.#makeList(list, addressMask(match, family))
    } else if (mask > list.stampMask) {
      const words = this.#host.words()
      const old = words[list.handle / 4]!
      const addresses = words.slice((old + L.RECENT_MASK) / 4, (old + L.RECENT_MASK) / 4 + 4)
      const oldBytes = listBytes(list.stampMask)
      const before = list.stampMask
      list.stampMask = mask
      try {
        this.#makeList(list, [...addresses])
      } catch (error) {
        list.stampMask = before
        throw error
      }
      this.#host.free(old, oldBytes)
    }
    return list.handle
  }

  /** Counts uses of lists; a list that no rule names any more is gone with its addresses. */
  useRecent(name: string, change: 1 | -1): void {
    const list = this.#recent.get(name)
    if (list) list.uses += change
  }

  /** Removes lists without a use. */
  sweep(): void {
    for (const [name, list] of this.#recent) {
      if (list.uses > 0) continue
      this.#host.free(this.#host.words()[list.handle / 4]!, listBytes(list.stampMask))
      this.#host.free(list.handle, HANDLE_SIZE)
      this.#recent.delete(name)
    }
  }

  nfacct(name: string): number {
    const object = this.#nfacct.get(name)
    if (object === undefined) throw new Problem(`accounting object "${name}" does not exist`, { field: name })
    return object
  }

  /** Makes an accounting object; one of that name may be there already. */
  nfacctAdd(name: string): void {
    if (!this.#nfacct.has(name)) this.#nfacct.set(name, this.#alloc(COUNTER_SIZE))
  }

  nfacctList(): Map<string, Counters> {
    const words = this.#host.words()
    const number = (at: number): number => words[at]! + words[at + 1]! * 2 ** 32
    return new Map(
      [...this.#nfacct].map(([name, ptr]) => [
        name,
        { packets: number(ptr / 4), bytes: number(ptr / 4 + 2) },
      ]),
    )
  }

  /** A conntrack template: the zone, and which directions it covers. Templates with equal contents are one. */
  template({ zone = 0, zoneSide }: Extract<Target, { kind: 'CT' }>): number {
    const directions = zoneSide === undefined ? 3 : zoneSide === 'orig' ? 1 : 2
    const key = `${zone} ${directions}`
    const known = this.#templates.get(key)
    if (known !== undefined) return known
    const ptr = this.#alloc(CT_SIZE)
    const bytes = new Uint8Array(this.#host.words().buffer, ptr, CT_SIZE)
    const view = new DataView(bytes.buffer, ptr, CT_SIZE)
    view.setUint32(CT_STATUS, IPS_TEMPLATE | IPS_CONFIRMED, true)
    view.setUint16(CT_TEMPLATE_ZONE, zone, true)
    view.setUint8(CT_TEMPLATE_DIR, directions)
    this.#templates.set(key, ptr)
    return ptr
  }

  /** Gives everything back: the namespace goes. */
  destroy(): void {
    for (const list of this.#recent.values()) list.uses = 0
    this.sweep()
    for (const ptr of this.#nfacct.values()) this.#host.free(ptr, COUNTER_SIZE)
    for (const ptr of this.#templates.values()) this.#host.free(ptr, CT_SIZE)
  }

  #makeList(list: RecentList, mask: readonly number[]): void {
    const ptr = this.#alloc(listBytes(list.stampMask))
    const words = this.#host.words()
    words[(ptr + L.RECENT_STAMP_MASK) / 4] = list.stampMask
    words[(ptr + L.RECENT_STRIDE) / 4] = stride(list.stampMask)
    words.set(mask, (ptr + L.RECENT_MASK) / 4)
    words[list.handle / 4] = ptr
  }

  #alloc(bytes: number): number {
    const ptr = this.#host.alloc(bytes)
    if (ptr === 0) throw new Problem('the engine is out of memory')
    return ptr
  }
}

const stride = (stampMask: number): number => L.RECENT_ENTRY_HEAD + 8 * (stampMask + 1)
const listBytes = (stampMask: number): number => L.RECENT_FIRST + L.RECENT_ENTRIES * stride(stampMask)

/** Stamps an address keeps, less one: 32, or the hit count raised to a power of two (recent_mt_check). */
function stampMask({ hitcount }: RecentMatch): number {
  return hitcount ? 2 ** Math.ceil(Math.log2(hitcount)) - 1 : 31
}

function addressMask(match: RecentMatch, family: Family): readonly number[] {
  const [a, b, c, d] = addressWords(match.mask, family)
  return family === 'ipv4' ? [0xffffffff, 0xffffffff, 0xffffffff, d] : [a, b, c, d]
}
