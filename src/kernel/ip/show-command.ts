/** What `ip link show` and `ip addr show` may be asked for. */
import { device } from './values.ts'
import type { Words } from './words.ts'

export interface LinkFilter {
  readonly dev?: string
  readonly up?: boolean
}

/** `[dev] NAME`, `up`; any other word is taken for a second name, which is one too many. */
export function parseLinkFilter(words: Words): LinkFilter {
  let filter: LinkFilter = {}
  while (!words.done && filter.dev === undefined) {
    if (words.take('up')) filter = { ...filter, up: true }
    else {
      words.take('dev')
      filter = { ...filter, dev: device(words.next('dev')) }
    }
  }
  return words.take('up') ? { ...filter, up: true } : filter
}
