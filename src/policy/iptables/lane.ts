/** The packets that a set of rules is written for, and how a walk through these ends. */
import type { Target } from '../../kernel/ruleset.ts'
import type { Flow } from './flow.ts'
import { ALLOW, DENY } from './names.ts'
import { ACCEPT, DROP, goto } from './rules.ts'

export interface Lane {
  readonly flow: Flow
  readonly accept: Target
  readonly deny: Target
}

/** What a change of policies means for connections that are there. */
export type LiveConnections = 'keep' | 're-evaluate'

/** Verdicts that leave a note at the connection, for errors about it. */
const NOTED = { accept: goto(ALLOW), deny: goto(DENY) }

/** Only where known connections are policed again do replies need rules. */
export const LANES: Readonly<Record<LiveConnections, readonly Lane[]>> = {
  keep: [{ flow: 'original', accept: ACCEPT, deny: DROP }],
  're-evaluate': [
    { flow: 'original', ...NOTED },
    { flow: 'reply', ...NOTED },
  ],
}
