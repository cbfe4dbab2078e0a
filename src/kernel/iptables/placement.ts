/** Where an extension may stand: tables and built-in chains outside of which the kernel refuses it. */
import { Problem } from '../problem.ts'
import type { Rule, TableName, Target } from '../ruleset.ts'

interface Place {
  readonly tables?: readonly TableName[]
  readonly chains?: readonly string[]
}

const TARGETS: Partial<Record<Target['kind'], Place>> = {
  DNAT: { tables: ['nat'], chains: ['PREROUTING', 'OUTPUT'] },
  REDIRECT: { tables: ['nat'], chains: ['PREROUTING', 'OUTPUT'] },
  SNAT: { tables: ['nat'], chains: ['POSTROUTING', 'INPUT'] },
  MASQUERADE: { tables: ['nat'], chains: ['POSTROUTING'] },
  REJECT: { tables: ['filter'], chains: ['INPUT', 'FORWARD', 'OUTPUT'] },
  CT: { tables: ['raw'] },
  NOTRACK: { tables: ['raw'] },
  TRACE: { tables: ['raw'] },
  TTL: { tables: ['mangle'] },
  HL: { tables: ['mangle'] },
  TOS: { tables: ['mangle'] },
  DSCP: { tables: ['mangle'] },
}

/** Throws what the kernel would refuse for the table or the built-in chain that the rule goes into. */
export function checkPlace({ header, target }: Rule, table: TableName, chain: string): void {
  if (header.inInterface && (chain === 'OUTPUT' || chain === 'POSTROUTING'))
    throw new Problem(`Can't use -i with ${chain}`, { field: '-i' })
  if (header.outInterface && (chain === 'INPUT' || chain === 'PREROUTING'))
    throw new Problem(`Can't use -o with ${chain}`, { field: '-o' })
  const place = target && TARGETS[target.kind]
  if (!place) return
  if (place.tables && !place.tables.includes(table))
    throw new Problem(`target ${target.kind} is only valid in the ${place.tables.join(', ')} table`, {
      field: target.kind,
    })
  if (place.chains && /^[A-Z]+$/.test(chain) && BUILT_IN.has(chain) && !place.chains.includes(chain))
    throw new Problem(`target ${target.kind} is only valid in the chains ${place.chains.join(', ')}`, {
      field: target.kind,
    })
}

const BUILT_IN = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'])
