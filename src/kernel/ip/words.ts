/** The words of an `ip` command line, read one after the other. */
import { Problem } from '../problem.ts'

export class Words {
  readonly #words: readonly string[]
  #at = 0

  constructor(words: readonly string[]) {
    this.#words = words
  }

  get done(): boolean {
    return this.#at >= this.#words.length
  }

  peek(): string | undefined {
    return this.#words[this.#at]
  }

  /** The next word; `after` is the word that needs it. */
  next(after: string): string {
    const word = this.#words[this.#at++]
    if (word === undefined)
      throw new Problem(`Command line is not complete: ${after} needs an argument`, { field: after })
    return word
  }

  /** Takes the next word when it is one of these. */
  take(...candidates: readonly string[]): string | undefined {
    const word = this.#words[this.#at]
    if (word === undefined || !candidates.includes(word)) return undefined
    this.#at++
    return word
  }

  rest(): readonly string[] {
    const rest = this.#words.slice(this.#at)
    this.#at = this.#words.length
    return rest
  }
}

/** `ip` takes a beginning of a command's name for the name: `a` is `add`, `li` is `list`. */
export function command<T extends string>(
  word: string,
  names: Readonly<Record<string, T>>,
  object: string,
): T {
  const exact = names[word]
  if (exact !== undefined) return exact
  const found = Object.keys(names).find((name) => name.startsWith(word))
  if (found === undefined || word === '')
    throw new Problem(`Command "${word}" is unknown, try "ip ${object} help".`, { field: word })
  return names[found]!
}

export function garbage(word: string): never {
  throw new Problem(`either "to" is duplicate, or "${word}" is a garbage.`, { field: word })
}
