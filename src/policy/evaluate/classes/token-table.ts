/**
 * The tokens that policies hold. A token is made when the first policy asks its question, and goes with the last one
 * that does. Until counts have been brought up to date, tokens that went are remembered: it is still true which classes
 * had them.
 */
import type { Context, Party } from '../party.ts'
import { Bits } from './bits.ts'
import { TokenFinder } from './token-finder.ts'
import type { Token, TokenQuestion } from './token.ts'

export class TokenTable {
  readonly #finder: TokenFinder
  readonly #tokens = new Map<string, Token>()
  /** Tokens that nobody holds any more. */
  readonly #dropped: Token[] = []
  #nextId = 0

  constructor(context: Context) {
    this.#finder = new TokenFinder(context)
  }

  get(key: string): Token | undefined {
    return this.#tokens.get(key)
  }

  /** A new one, which no class has yet. */
  add(key: string, question: TokenQuestion, role: 'subject' | 'peer'): Token {
    const token: Token = {
      id: this.#nextId++,
      key,
      question,
      policies: role === 'subject' ? new Set() : undefined,
      stages: new Set(),
      users: 0,
      classes: new Bits(),
    }
    this.#tokens.set(key, token)
    this.#finder.add(token)
    return token
  }

  hold(tokens: readonly Token[]): void {
    for (const token of tokens) token.users++
  }

  /** Those that nobody holds any more: they are dropped, and their classes still have them. */
  release(tokens: readonly Token[]): Token[] {
    const dropped = tokens.filter((token) => --token.users === 0)
    for (const token of dropped) {
      this.#tokens.delete(token.key)
      this.#finder.delete(token)
      this.#dropped.push(token)
    }
    return dropped
  }

  /** Nobody remembers the tokens that were dropped. */
  forget(): void {
    this.#dropped.length = 0
  }

  /** Those that are true of the party, in the order of their ids. */
  of(party: Party): Token[] {
    return this.#finder.tokensOf(party)
  }

  isTrueOf(token: Token, party: Party): boolean {
    return this.#finder.has(token, party)
  }

  /** The stages of profiles that ask for a token of this class. */
  concerns(id: number): Set<object> {
    const stages = new Set<object>()
    const add = ({ classes, stages: asking }: Token): void => {
      if (classes.has(id)) for (const stage of asking) stages.add(stage)
    }
    this.#tokens.forEach(add)
    this.#dropped.forEach(add)
    return stages
  }
}
