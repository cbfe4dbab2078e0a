/**
 * The shell of a lab script: one command a line, `#` comments, quotes and backslashes as in sh (POSIX 2.2), a line
 * continued by a backslash at its end, and `< FILE`. Everything else that sh would act on is a Problem that names it,
 * so that a script never means one thing here and another in a real shell. (But for `[`, which stands in IPv6 addresses
 * with ports: sh would look for a file whose name matches, and leave the word alone when there is none.)
 */
import { Problem } from '../../kernel/problem.ts'

export interface Word {
  readonly text: string
  readonly line: number
}

export interface Command {
  readonly words: readonly Word[]
  /** The file of `< FILE`. */
  readonly stdin?: Word
  readonly line: number
}

/** What sh would do something with when it is not quoted, and what we call it in an error. */
const SHELL_CHARACTERS: ReadonlyMap<string, string> = new Map([
  ['|', 'pipes'],
  ['&', 'background commands and lists'],
  [';', 'lists of commands on one line'],
  ['>', 'output redirections'],
  ['(', 'subshells'],
  [')', 'subshells'],
  ['$', 'variables'],
  ['`', 'command substitutions'],
  ['*', 'file name patterns'],
  ['?', 'file name patterns'],
])
const AT_WORD_START: ReadonlyMap<string, string> = new Map([['~', 'home directories']])
/** In double quotes a backslash is kept before anything else. */
const ESCAPABLE_IN_QUOTES = '$`"\\\n'

/** Splits a script into commands. Throws a Problem with file, line and the character at fault. */
export function tokenize(script: string, file: string): Command[] {
  return new Tokenizer(script, file).commands()
}

class Tokenizer {
  readonly #script: string
  readonly #file: string
  #offset = 0
  #line = 1

  constructor(script: string, file: string) {
    this.#script = script
    this.#file = file
  }

  commands(): Command[] {
    const commands: Command[] = []
    while (this.#offset < this.#script.length) {
      const command = this.#command()
      if (command !== undefined) commands.push(command)
    }
    return commands
  }

  /** One logical line, up to and over its newline. */
  #command(): Command | undefined {
    const words: Word[] = []
    let stdin: Word | undefined
    const start = this.#line
    for (;;) {
      this.#skipBlanks()
      const char = this.#script[this.#offset]
      if (char === undefined || char === '\n') break
      if (char === '#') {
        this.#skipComment()
        break
      }
      if (char === '<') {
        if (stdin !== undefined) throw this.#problem('a second redirection of standard input', '<')
        stdin = this.#redirection()
      } else words.push(this.#word())
    }
    this.#next()
    if (words.length === 0) {
      if (stdin !== undefined) throw new Problem('a redirection without a command', this.#place(start, '<'))
      return undefined
    }
    return stdin === undefined ? { words, line: start } : { words, stdin, line: start }
  }

  #redirection(): Word {
    this.#next()
    if (this.#script[this.#offset] === '<') throw this.#unsupported('here-documents', '<<')
    this.#skipBlanks()
    const char = this.#script[this.#offset]
    if (char === undefined || char === '\n' || char === '#') throw this.#problem('expected a file name', '<')
    return this.#word()
  }

  #word(): Word {
    const line = this.#line
    const first = this.#script[this.#offset]!
    const special = AT_WORD_START.get(first)
    if (special !== undefined) throw this.#unsupported(special, first)
    let text = ''
    for (;;) {
      const char = this.#script[this.#offset]
      if (char === undefined || ' \t\n<'.includes(char)) return { text, line }
      const unsupported = SHELL_CHARACTERS.get(char)
      if (unsupported !== undefined) throw this.#unsupported(unsupported, char)
      if (char === "'") text += this.#singleQuoted()
      else if (char === '"') text += this.#doubleQuoted()
      else if (char === '\\') text += this.#escaped()
      else text += this.#next()
    }
  }

  #singleQuoted(): string {
    const line = this.#line
    this.#next()
    let text = ''
    for (;;) {
      const char = this.#next()
      if (char === undefined) throw new Problem('a quote that is never closed', this.#place(line, "'"))
      if (char === "'") return text
      text += char
    }
  }

  #doubleQuoted(): string {
    const line = this.#line
    this.#next()
    let text = ''
    for (;;) {
      const char = this.#script[this.#offset]
      if (char === '$' || char === '`') throw this.#unsupported(SHELL_CHARACTERS.get(char)!, char)
      this.#next()
      if (char === undefined) throw new Problem('a quote that is never closed', this.#place(line, '"'))
      if (char === '"') return text
      const next = this.#script[this.#offset]
      if (char === '\\' && next !== undefined && ESCAPABLE_IN_QUOTES.includes(next)) {
        this.#next()
        if (next !== '\n') text += next
      } else text += char
    }
  }

  #escaped(): string {
    this.#next()
    const char = this.#next()
    if (char === undefined) return '\\'
    return char === '\n' ? '' : char
  }

  #skipBlanks(): void {
    for (;;) {
      const char = this.#script[this.#offset]
      if (char === ' ' || char === '\t') this.#next()
      else if (char === '\\' && this.#script[this.#offset + 1] === '\n') {
        this.#next()
        this.#next()
      } else return
    }
  }

  #skipComment(): void {
    while (this.#offset < this.#script.length && this.#script[this.#offset] !== '\n') this.#next()
  }

  #next(): string | undefined {
    const char = this.#script[this.#offset]
    if (char === '\r' && this.#script[this.#offset + 1] === '\n') {
      throw this.#problem(
        'the line ends as in Windows (CR LF), and sh would take the CR for a part of the word',
        'CR',
      )
    }
    this.#offset += 1
    if (char === '\n') this.#line += 1
    return char
  }

  #unsupported(what: string, token: string): Problem {
    return this.#problem(`${what} are not part of a lab script; quote it if it is meant literally`, token)
  }

  #problem(message: string, token: string): Problem {
    return new Problem(message, this.#place(this.#line, token))
  }

  #place(line: number, token: string): { file: string; line: number; field: string } {
    return { file: this.#file, line, field: token }
  }
}
