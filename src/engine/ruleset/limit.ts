/** The credits of the limit match. */
import * as M from '../../abi/match.ts'

const LIMIT_SCALE = 10000
const CREDITS_PER_JIFFY = 128

/** user2credits of net/netfilter/xt_limit.c, with its 32-bit arithmetic. */
function credits(user: number): number {
  const perSecond = M.HZ * CREDITS_PER_JIFFY
  if (user > Math.floor(0xffffffff / perSecond))
    return Math.imul(Math.floor(user / LIMIT_SCALE), perSecond) >>> 0
  return Math.floor((Math.imul(user, perSecond) >>> 0) / LIMIT_SCALE)
}

export function limitCredits(avg: number, burst: number): { readonly cost: number; readonly cap: number } {
  return { cost: credits(avg >>> 0), cap: credits(Math.imul(avg, burst) >>> 0) }
}
