/**
 * A rule while the words of its command are read: addresses, header, the extensions that are loaded so far with what
 * their options have said.
 */
import { Problem } from '../problem.ts'
import type { Counters, Family, Match, Network, Not, Rule, RuleHeader, Target } from '../ruleset.ts'
import type { Extension, Option, OptionContext } from './extension.ts'
import { protocolMatch } from './extensions.ts'
import { protocolName } from './protocols.ts'
import { saysSomething } from './values.ts'
import { quoteWord } from './words.ts'

export interface Loaded {
  readonly extension: Extension
  soFar: object
  readonly used: Set<Option<object>>
  /** Its options as written, for an extension that turns out not to be modelled. */
  readonly text: string[]
  modelled: boolean
}

/** An extension nobody models: its words are taken as they come. */
export interface Verbatim {
  readonly name: string
  readonly text: string[]
}

export class RuleDraft {
  readonly family: Family
  sources: readonly Not<Network>[] = []
  destinations: readonly Not<Network>[] = []
  readonly header: { -readonly [Key in keyof RuleHeader]: RuleHeader[Key] } = {}
  /** Number of the protocol that was named. */
  protocol: number | undefined
  target: Loaded | Verbatim | undefined
  /** A jump to a chain, in place of a target. */
  jump: Target | undefined
  counters: Counters | undefined
  readonly matches: (Loaded | Verbatim)[] = []
  #protocolUsed = false

  constructor(family: Family, counters: Counters | undefined) {
    this.family = family
    this.counters = counters
  }

  /** The extensions whose options can come now. */
  loaded(): Loaded[] {
    const all = this.target ? [...this.matches, this.target] : this.matches
    return all.filter((item): item is Loaded => 'extension' in item)
  }

  /** The match of the protocol, which an option of it loads. */
  implicit(): Extension | undefined {
    if (this.protocol === undefined || this.#protocolUsed) return undefined
    return protocolMatch(this.protocol, this.family)
  }

  load(extension: Extension): void {
    if (extension.protocols && this.implicit() === extension) this.#protocolUsed = true
    this.matches.push(start(extension))
  }

  loadTarget(extension: Extension): void {
    this.target = start(extension)
  }

  context(option: string, not: boolean): OptionContext {
    const protocol = this.header.protocol?.not ? undefined : this.protocol
    return { family: this.family, option, not, protocol }
  }

  /** Whether anything was said of a rule. */
  get isEmpty(): boolean {
    return (
      this.matches.length === 0 &&
      this.target === undefined &&
      this.jump === undefined &&
      this.sources.length === 0 &&
      this.destinations.length === 0 &&
      Object.keys(this.header).length === 0
    )
  }

  /** One rule for every pair of addresses that were listed; `line` is where they are written. */
  rules(line: number | undefined): Rule[] {
    const context = this.context('', false)
    const matches = this.matches.map((item) => this.#finish(item, context) as Match)
    const target = this.target ? (this.#finish(this.target, context) as Target) : (this.jump ?? null)
    const sources = this.sources.length > 0 ? this.sources : [undefined]
    const destinations = this.destinations.length > 0 ? this.destinations : [undefined]
    return sources.flatMap((source) =>
      destinations.map((destination): Rule => {
        const header: RuleHeader = {
          ...(source && saysSomething(source) && { source }),
          ...(destination && saysSomething(destination) && { destination }),
          ...this.header,
        }
        const counters = this.counters
        return {
          header,
          matches,
          target,
          ...(counters && { counters }),
          ...(line !== undefined && { origin: { line } }),
        }
      }),
    )
  }

  #finish(item: Loaded | Verbatim, context: OptionContext): object {
    if (!('extension' in item))
      return { kind: 'unknown', name: item.name, text: item.text.map(quoteWord).join(' ') }
    const { extension, soFar, text } = item
    if (!item.modelled) return { kind: 'unknown', name: extension.name, text: text.map(quoteWord).join(' ') }
    const { protocols } = extension
    if (protocols && (context.protocol === undefined || !protocols.includes(context.protocol)))
      throw new Problem(`${extension.name}: only valid with \`-p ${protocolName(protocols[0]!)}'`, {
        field: extension.name,
      })
    return extension.finish(soFar, context)
  }
}

const start = (extension: Extension): Loaded => ({
  extension,
  soFar: {},
  used: new Set(),
  text: [],
  modelled: true,
})
