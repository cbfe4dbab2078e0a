/**
 * The option parser of iptables (iptables/iptables.c: do_command4, iptables/xshared.c), for a command line and for
 * a line of iptables-restore alike: one command, and the rule it is about. Extensions add their options as they are
 * loaded, by `-m`, `-j`, or by `-p` when an option of that protocol's match comes.
 */
import { Problem } from '../problem.ts'
import type { ChainCommand } from '../restore.ts'
import type { Counters, Family, Network, Not, TableName } from '../ruleset.ts'
import { BASE_LONG, SHORT_LETTERS, VERBS, type Verb } from './base-options.ts'
import { UNMODELLED, type Option } from './extension.ts'
import { findMatch, findTarget, isOtherMatch, isOtherTarget } from './extensions.ts'
import { interfaceName } from './interfaces.ts'
import { protocolName, protocolNumber } from './protocols.ts'
import { RuleDraft, type Loaded } from './rule-draft.ts'
import { network, withNot } from './values.ts'
import { commandsOf } from './verb.ts'

export interface CommandLine {
  /** Absent when the line has no `-t`. */
  readonly table?: TableName
  /** `-4` or `-6`: a line of iptables-restore for the other family is skipped. */
  readonly onlyFamily?: Family
  /** Several when `-s` or `-d` lists addresses: one rule each. */
  readonly commands: readonly ChainCommand[]
}

export interface CommandOptions {
  readonly family: Family
  readonly line?: number
  /** Counters that stood before the command, `[1:2] -A …`. */
  readonly counters?: Counters
  /** A dump may name extensions that nobody knows: they are kept. In commands they are an error. */
  readonly dump?: boolean
}

const TABLES: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter', 'security']

export function tableName(text: string): TableName {
  const name = TABLES.find((candidate) => candidate === text)
  if (!name)
    throw new Problem(`can't initialize iptables table \`${text}': Table does not exist`, { field: text })
  return name
}

export function parseCommand(words: readonly string[], options: CommandOptions): CommandLine {
  return new CommandParser(words, options).parse()
}

class CommandParser {
  readonly #words: readonly string[]
  readonly #options: CommandOptions
  readonly #family: Family
  #at = 0
  #not = false
  #verb: Verb | undefined
  #verbArguments: string[] = []
  #table: TableName | undefined
  #onlyFamily: Family | undefined
  readonly #draft: RuleDraft
  #seen = new Set<string>()

  constructor(words: readonly string[], options: CommandOptions) {
    this.#words = words
    this.#options = options
    this.#family = options.family
    this.#draft = new RuleDraft(options.family, options.counters)
  }

  parse(): CommandLine {
    while (this.#at < this.#words.length) this.#word(this.#words[this.#at++]!)
    if (this.#not) throw new Problem('nothing appropriate following !', { field: '!' })
    if (!this.#verb) throw new Problem('no command specified')
    return {
      ...(this.#table && { table: this.#table }),
      ...(this.#onlyFamily && { onlyFamily: this.#onlyFamily }),
      commands: commandsOf(this.#verb, this.#verbArguments, this.#draft, this.#options.line),
    }
  }

  #word(word: string): void {
    if (word === '!') {
      if (this.#not) throw new Problem('multiple consecutive ! not allowed', { field: '!' })
      this.#not = true
    } else if (word.startsWith('--') && word.length > 2) {
      this.#long(word)
    } else if (word.startsWith('-') && word.length > 1) {
      this.#cluster(word)
    } else {
      throw new Problem(`Bad argument \`${word}'`, { field: word })
    }
  }

  /** `-p tcp`, `-ptcp`, `-nv`. */
  #cluster(word: string): void {
    for (let i = 1; i < word.length; i++) {
      const letter = word[i]!
      if (!SHORT_LETTERS.includes(letter)) throw new Problem(`unknown option "-${letter}"`, { field: word })
      const attached = word.slice(i + 1)
      if ('fnv46'.includes(letter) || attached === '') this.#base(letter, undefined, `-${letter}`)
      else {
        this.#base(letter, attached, `-${letter}`)
        return
      }
    }
  }

  #long(word: string): void {
    const equals = word.indexOf('=')
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals)
    const value = equals < 0 ? undefined : word.slice(equals + 1)
    const letter = BASE_LONG.get(name)
    if (letter) return this.#base(letter, value, `--${name}`)
    if (this.#extensionOption(name, value)) return
    const abbreviated = this.#abbreviation(name)
    if (abbreviated === undefined) throw new Problem(`unknown option "--${name}"`, { field: word })
    if (abbreviated.letter) this.#base(abbreviated.letter, value, `--${abbreviated.name}`)
    else this.#extensionOption(abbreviated.name, value)
  }

  /** getopt_long takes a beginning that is unique among the options known at this point. */
  #abbreviation(name: string): { name: string; letter?: string } | undefined {
    const found: { name: string; letter?: string }[] = []
    for (const [long, letter] of BASE_LONG) if (long.startsWith(name)) found.push({ name: long, letter })
    const extensions = this.#draft.loaded().map(({ extension }) => extension)
    const implicit = this.#draft.implicit()
    if (implicit) extensions.push(implicit)
    for (const { options } of extensions)
      for (const long of options.keys()) if (long.startsWith(name)) found.push({ name: long })
    const letters = new Set(found.map((option) => option.letter ?? option.name))
    return letters.size === 1 ? found[0] : undefined
  }

  /** The last extension that was loaded and has the option gets it. */
  #extensionOption(name: string, value: string | undefined): boolean {
    for (const loaded of this.#draft.loaded().toReversed()) {
      const option = loaded.extension.options.get(name)
      if (option) {
        this.#read(loaded, option, name, value)
        return true
      }
      if (loaded.extension.unmodelled.has(name)) {
        this.#keep(loaded, name, value)
        return true
      }
    }
    const implicit = this.#draft.implicit()
    if (!implicit?.options.has(name)) return false
    this.#draft.load(implicit)
    return this.#extensionOption(name, value)
  }

  #read(loaded: Loaded, option: Option<object>, name: string, value: string | undefined): void {
    const not = this.#takeNot()
    const printed = `--${option.names[0]}`
    if (not && !option.invertible)
      throw new Problem(`${loaded.extension.name}: option "${printed}" cannot be inverted.`, {
        field: `--${name}`,
      })
    if (loaded.used.has(option) && !option.repeatable)
      throw new Problem(`${loaded.extension.name}: option "${printed}" cannot be used multiple times.`, {
        field: `--${name}`,
      })
    loaded.used.add(option)
    const arity = option.arity ?? 1
    if (arity === 0 && value !== undefined)
      throw new Problem(`option "--${name}" takes no argument`, { field: `--${name}=${value}` })
    const args = value === undefined ? [] : [value]
    while (args.length < arity) args.push(this.#argument(`--${name}`))
    loaded.text.push(...(not ? ['!'] : []), `--${name}`, ...args)
    const patch = option.read(args, this.#draft.context(printed, not), loaded.soFar)
    if (patch === UNMODELLED) loaded.modelled = false
    else loaded.soFar = { ...loaded.soFar, ...patch }
  }

  /** An option that exists and is not modelled: kept with the words that follow it. */
  #keep(loaded: Loaded, name: string, value: string | undefined): void {
    loaded.modelled = false
    if (this.#takeNot()) loaded.text.push('!')
    loaded.text.push(value === undefined ? `--${name}` : `--${name}=${value}`)
    while (this.#at < this.#words.length && !/^(?:-.|!$)/.test(this.#words[this.#at]!))
      loaded.text.push(this.#words[this.#at++]!)
  }

  #argument(option: string): string {
    const word = this.#words[this.#at++]
    if (word === undefined) throw new Problem(`option "${option}" requires an argument`, { field: option })
    return word
  }

  /** The next word when it can be an argument that need not be there. */
  #optionalArgument(): string | undefined {
    const word = this.#words[this.#at]
    if (word === undefined || word.startsWith('-') || word === '!') return undefined
    this.#at++
    return word
  }

  #takeNot(): boolean {
    const not = this.#not
    this.#not = false
    return not
  }

  #noNot(option: string): void {
    if (this.#takeNot()) throw new Problem(`cannot have ! before ${option}`, { field: option })
  }

  #once(option: string): void {
    if (this.#seen.has(option)) throw new Problem(`multiple ${option} flags not allowed`, { field: option })
    this.#seen.add(option)
  }

  #base(letter: string, attached: string | undefined, option: string): void {
    const argument = () => attached ?? this.#argument(option)
    const verb = VERBS[letter]
    if (verb) return this.#command(verb, attached, option)
    switch (letter) {
      case 's':
      case 'd': {
        this.#once(`-${letter}`)
        const networks = this.#networks(argument())
        if (letter === 's') this.#draft.sources = networks
        else this.#draft.destinations = networks
        return
      }
      case 'p':
        this.#once('-p')
        return this.#setProtocol(argument())
      case 'i':
      case 'o': {
        this.#once(`-${letter}`)
        const name = withNot(interfaceName(argument()), this.#takeNot())
        if (name.value === '+' && !name.not) return
        if (letter === 'i') this.#draft.header.inInterface = name
        else this.#draft.header.outInterface = name
        return
      }
      case 'f':
        if (this.#family === 'ipv6') throw new Problem('unknown option "-f"', { field: option })
        this.#once('-f')
        this.#draft.header.fragment = this.#takeNot() ? { not: true } : {}
        return
      case 'm':
        this.#noNot('-m')
        return this.#loadMatch(argument())
      case 'j':
        this.#noNot('-j')
        this.#once('-j')
        return this.#jumpTo(argument())
      case 'g':
        this.#noNot('-g')
        this.#once('-j')
        this.#draft.jump = { kind: 'goto', chain: argument() }
        return
      case 't':
        this.#noNot('-t')
        this.#once('-t')
        this.#table = tableName(argument())
        return
      case 'c':
        return this.#setCounters(argument())
      case 'w':
      case 'W':
        if (attached === undefined) this.#optionalArgument()
        return
      case '4':
      case '6':
        this.#onlyFamily = letter === '4' ? 'ipv4' : 'ipv6'
        return
      default:
    }
  }

  #networks(text: string): Not<Network>[] {
    const not = this.#takeNot()
    const all = text.split(',').map((word) => network(word, this.#family))
    if (not && all.length > 1)
      throw new Problem('! not allowed with multiple source or destination IP addresses', { field: text })
    return all.map((value) => withNot(value, not))
  }

  #setProtocol(text: string): void {
    const not = this.#takeNot()
    const number = protocolNumber(text)
    if (number === 0) {
      if (not) throw new Problem('rule would never match protocol', { field: text })
      return
    }
    this.#draft.protocol = number
    this.#draft.header.protocol = withNot(protocolName(number), not)
  }

  #setCounters(packets: string): void {
    const bytes = this.#words[this.#at++]
    const count = (text: string | undefined): number => {
      if (text === undefined || !/^\d+$/.test(text))
        throw new Problem('-c packet counter not numeric', { field: text ?? '-c' })
      return Number(text)
    }
    this.#draft.counters = { packets: count(packets), bytes: count(bytes) }
  }

  #loadMatch(name: string): void {
    const extension = findMatch(name, this.#family)
    if (extension) {
      this.#draft.load(extension)
      return
    }
    if (!isOtherMatch(name) && !this.#options.dump)
      throw new Problem(`Couldn't load match \`${name}': No such file or directory`, { field: name })
    this.#draft.matches.push({ name, text: this.#verbatim() })
  }

  #jumpTo(name: string): void {
    const extension = findTarget(name, this.#family)
    if (extension) {
      this.#draft.loadTarget(extension)
      return
    }
    const next = this.#words[this.#at]
    const hasOptions = next?.startsWith('--') === true && !BASE_LONG.has(next.slice(2).split('=')[0]!)
    if (isOtherTarget(name) || (this.#options.dump && hasOptions))
      this.#draft.target = { name, text: this.#verbatim() }
    else this.#draft.jump = { kind: 'jump', chain: name }
  }

  /** Every word up to the next match, target or counter option. */
  #verbatim(): string[] {
    const from = this.#at
    while (this.#at < this.#words.length && !/^-[mjgc]$/.test(this.#words[this.#at]!)) this.#at++
    return this.#words.slice(from, this.#at)
  }

  #command(verb: Verb, attached: string | undefined, option: string): void {
    if (this.#takeNot()) throw new Problem(`unexpected ! flag before ${option}`, { field: option })
    if (this.#verb) throw new Problem(`Cannot use ${option} with another command`, { field: option })
    this.#verb = verb
    const needed = { 'rename-chain': 2, policy: 2, replace: 2, flush: 0, zero: 0, 'delete-chain': 0 } as const
    const optional = { delete: 1, insert: 1, flush: 1, zero: 2, 'delete-chain': 1 } as const
    const args = attached === undefined ? [] : [attached]
    const least = verb in needed ? needed[verb as keyof typeof needed] : 1
    const most = least + (verb in optional ? optional[verb as keyof typeof optional] : 0)
    while (args.length < least) args.push(this.#argument(option))
    while (args.length < most) {
      const word = this.#optionalArgument()
      if (word === undefined) break
      args.push(word)
    }
    this.#verbArguments = args
  }
}
