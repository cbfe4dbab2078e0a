/** What a match of the twin may ask besides its packet. */
import type { Match, Rule } from '../../../src/kernel/ruleset.ts'
import type { TwinPacket } from './packet.ts'

export interface MatchState {
  nth?: number
  credit?: number
  last?: number
}

export interface TwinWorld {
  readonly hasOut: boolean
  /** Next number of the engine's own generator. */
  random(): number
  jiffies(): number
  /** What a rule's match remembers. */
  state(rule: Rule, match: Match): MatchState
  readonly recent: {
    match(match: Extract<Match, { kind: 'recent' }>, packet: TwinPacket, world: TwinWorld): boolean
  }
}
