import { Problem } from '../../kernel/problem.ts'

/** Goes through the words of a command with getopt's rules: `--name value`, `--name=value`, `-x value`, `-xvalue`. */
export class Arguments {
  readonly #tool: string
  readonly #words: string[]

  constructor(tool: string, words: readonly string[]) {
    this.#tool = tool
    this.#words = [...words]
  }

  get done(): boolean {
    return this.#words.length === 0
  }

  /** The next option or operand. `--name=value` is split. */
  next(): string {
    const word = this.#words.shift()!
    const long = /^(--[^=]+)=(.*)$/s.exec(word)
    if (long === null) return word
    this.#words.unshift(long[2]!)
    return long[1]!
  }

  /** The value of the option just taken. */
  value(option: string): string {
    const word = this.#words.shift()
    if (word === undefined)
      throw new Problem(`${this.#tool}: option "${option}" needs a value`, { field: option })
    return word
  }

  /** The value when there is one that is not an option. */
  optionalValue(): string | undefined {
    const [word] = this.#words
    return word === undefined || word.startsWith('-') ? undefined : this.#words.shift()
  }

  unknown(word: string): Problem {
    const what = word.startsWith('-') ? 'unknown option' : 'unexpected argument'
    return new Problem(`${this.#tool}: ${what} "${word}"`, { field: word })
  }
}
