import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../abi/verdict.ts'
import type { Family } from '../kernel/ruleset.ts'

/** A family as the engine numbers it. */
export const familyNumber = (family: Family): number => (family === 'ipv4' ? NFPROTO_IPV4 : NFPROTO_IPV6)
