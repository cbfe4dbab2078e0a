import * as fc from 'fast-check'
import type { Plan } from '../kernel/campaign/session.ts'
import { arbitraryFlow } from './flow.ts'
import { arbitraryRuleset } from './ruleset.ts'

/** Rules for both families and one to four flows that interleave. */
export function arbitraryPlan(): fc.Arbitrary<Plan> {
  return fc.record({
    ipv4: arbitraryRuleset('ipv4'),
    ipv6: arbitraryRuleset('ipv6'),
    flows: fc.array(arbitraryFlow(), { minLength: 1, maxLength: 4 }),
    order: fc.array(fc.nat({ max: 3 }), { maxLength: 30 }),
  })
}
