// Accessors of the table, chain and rule records (src/abi/rule.ts).

import {
  CHAIN_COUNTERS,
  CHAIN_ID,
  CHAIN_OFFSETS,
  CHAIN_POLICY,
  CHAIN_RULES,
  COUNTER_SIZE,
  RULE_MATCHES,
  RULE_RECORDS,
  RULE_TARGET,
  RULE_TARGET_ARG,
  TABLE_DIRECTORY,
  TABLE_NUMBER,
} from '../../src/abi/rule.ts'

export abstract class Table {
  @inline static directory(table: usize): usize {
    return load<u32>(table, TABLE_DIRECTORY)
  }

  /** TABLE_RAW … TABLE_SECURITY. */
  @inline static number(table: usize): u32 {
    return load<u32>(table, TABLE_NUMBER)
  }

  /** A chain by its id (a built-in chain by hook number), 0 = none. */
  @inline static chain(table: usize, id: u32): usize {
    return load<u32>(Table.directory(table) + ((id as usize) << 2))
  }
}

export abstract class Chain {
  @inline static rules(chain: usize): u32 {
    return load<u32>(chain, CHAIN_RULES)
  }

  @inline static policy(chain: usize): i32 {
    return load<i32>(chain, CHAIN_POLICY)
  }

  @inline static id(chain: usize): u32 {
    return load<u32>(chain, CHAIN_ID)
  }

  @inline static rule(chain: usize, index: u32): usize {
    return chain + load<u32>(chain + load<u32>(chain, CHAIN_OFFSETS) + ((index as usize) << 2))
  }

  @inline static counter(chain: usize, index: u32): usize {
    return chain + load<u32>(chain, CHAIN_COUNTERS) + (index as usize) * COUNTER_SIZE
  }
}

export abstract class Rule {
  @inline static target(rule: usize): u32 {
    return load<u32>(rule, RULE_TARGET)
  }

  @inline static arg(rule: usize): u32 {
    return load<u32>(rule, RULE_TARGET_ARG)
  }

  @inline static records(rule: usize): usize {
    return rule + RULE_RECORDS
  }

  /** End of the match records, where the target's data begins. */
  @inline static recordsEnd(rule: usize): usize {
    return rule + RULE_RECORDS + load<u16>(rule, RULE_MATCHES)
  }
}
