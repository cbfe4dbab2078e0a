// What a rule remembers between packets lives in its match records. Loading a table makes that state new for all its
// rules, those that stayed the same included (checkentry allocates it: xt_limit.c, xt_statistic.c).

import { MATCH_LENGTH, MATCH_LIMIT, MATCH_NTH, MATCH_TYPE } from '../../src/abi/match.ts'
import { Meter } from './match/meters.ts'
import { Chain, Rule } from './rule.ts'

export abstract class ChainState {
  static reset(chain: usize): void {
    const rules = Chain.rules(chain)
    for (let i: u32 = 0; i < rules; i++) {
      const rule = Chain.rule(chain, i)
      const end = Rule.recordsEnd(rule)
      for (let m = Rule.records(rule); m < end; m += load<u16>(m, MATCH_LENGTH)) {
        const type = load<u16>(m, MATCH_TYPE) as u32
        if (type == MATCH_LIMIT) Meter.resetLimit(m)
        else if (type == MATCH_NTH) Meter.resetNth(m)
      }
    }
  }
}
