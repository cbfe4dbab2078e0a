/**
 * Connections that conntrack knows, when they are policed again at every packet:
 *
 * ```
 *   NETPOL-FORWARD ─known─▶ NETPOL-LIVE ─┬▶ errors follow the note at the connection they are about
 *                                        ├▶ NETPOL-REPLY   replies: the rules of replies
 *                                        └▶ back           the side that began it: the same rules as new ones
 * ```
 *
 * What a packet is told is noted in a bit of the connection's mark, for ICMP errors: their own addresses say nothing.
 */
import type { Family, Match, Rule } from '../../kernel/ruleset.ts'
import { subjectSide } from './flow.ts'
import { ALLOW, DENY, firstChain, LIVE, REPLY } from './names.ts'
import { ACCEPT, comment, DROP, goto, inSet, rule, states } from './rules.ts'

/** A bit of the connection mark: what conntrack knows is denied now. */
const DENIED = 0x0008_0000

const marked = (not: boolean): Match => ({
  kind: 'connmark',
  mark: { value: { value: DENIED, mask: DENIED }, ...(not ? { not } : {}) },
})

const setMark = (value: number): Rule['target'] => ({
  kind: 'CONNMARK',
  mode: 'set',
  value,
  ctmask: DENIED,
  nfmask: 0xffff_ffff,
})

/** Packets of the side that did not begin the connection. */
export const REPLIES: Match = { kind: 'conntrack', ctdir: 'REPLY' }

/** `egress`: the set of local pods that any policy selects for egress. */
export function liveChains(family: Family, egress: string): [string, readonly Rule[]][] {
  const denied = comment('an error about a connection that is denied now')
  return [
    [
      LIVE,
      [
        rule({}, [states('RELATED'), marked(true)], ACCEPT),
        rule({}, [denied, states('RELATED')], DROP, { policy: { decision: 'live' } }),
        rule({}, [REPLIES], goto(REPLY)),
      ],
    ],
    [
      REPLY,
      [
        rule(
          {},
          [inSet(egress, family, subjectSide('egress', 'reply'))],
          goto(firstChain('egress', 'reply')),
        ),
        rule({}, [], goto(firstChain('ingress', 'reply'))),
      ],
    ],
    [ALLOW, [rule({}, [marked(false)], setMark(0)), rule({}, [], ACCEPT)]],
    [DENY, [rule({}, [], setMark(DENIED)), rule({}, [], DROP)]],
  ]
}
