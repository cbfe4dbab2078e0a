/**
 * Label selectors: the API's object form and the query string form, both compiled to a predicate (apimachinery:
 * labels/selector.go). `NotIn`, `!=` and `DoesNotExist` match an object that lacks the label.
 */
import type { LabelSelector, Labels } from '../types/index.ts'
import { badRequest } from './status.ts'

export type LabelPredicate = (labels: Labels | undefined) => boolean

interface Requirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values: readonly string[]
}

const everything: LabelPredicate = () => true
const nothing: LabelPredicate = () => false

/** An absent selector matches nothing, an empty one everything. */
export function compileLabelSelector(selector: LabelSelector | undefined): LabelPredicate {
  return selector === undefined ? nothing : compile(requirementsOf(selector))
}

/** One-off use of `compileLabelSelector`. */
export function matchesLabelSelector(
  selector: LabelSelector | undefined,
  labels: Labels | undefined,
): boolean {
  return compileLabelSelector(selector)(labels)
}

/** The query string form: `a=b,c!=d,e in (x,y),f notin (z),g,!h`. Empty matches everything. @throws ApiError 400 */
export function parseLabelSelector(text: string): LabelPredicate {
  return compile(new Parser(text).requirements())
}

/** The query string form of an object selector. */
export function formatLabelSelector(selector: LabelSelector): string {
  return requirementsOf(selector)
    .map(({ key, operator, values }) => {
      switch (operator) {
        case 'In':
          return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`
        case 'NotIn':
          return `${key} notin (${values.join(',')})`
        case 'Exists':
          return key
        case 'DoesNotExist':
          return `!${key}`
      }
    })
    .join(',')
}

function requirementsOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): Requirement[] {
  return [
    ...Object.entries(matchLabels).map(([key, value]): Requirement => ({
      key,
      operator: 'In',
      values: [value],
    })),
    ...matchExpressions.map(({ key, operator, values = [] }): Requirement => ({ key, operator, values })),
  ]
}

function compile(requirements: readonly Requirement[]): LabelPredicate {
  if (requirements.length === 0) return everything
  return (labels = {}) => requirements.every((requirement) => satisfies(labels, requirement))
}

function satisfies(labels: Labels, { key, operator, values }: Requirement): boolean {
  const present = Object.hasOwn(labels, key)
  switch (operator) {
    case 'In':
      return present && values.includes(labels[key]!)
    case 'NotIn':
      return !present || !values.includes(labels[key]!)
    case 'Exists':
      return present
    case 'DoesNotExist':
      return !present
  }
}

const TOKEN = /\s*(!=|==|=|!|,|\(|\)|[^\s!=,()<>]+|[<>])\s*/y

class Parser {
  readonly #text: string
  readonly #tokens: string[] = []
  #next = 0

  constructor(text: string) {
    this.#text = text
    TOKEN.lastIndex = 0
    let end = 0
    for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
      this.#tokens.push(match[1]!)
      end = TOKEN.lastIndex
    }
    if (end !== text.length && text.trim() !== '') this.#fail(`unexpected character at ${end}`)
  }

  requirements(): Requirement[] {
    const requirements: Requirement[] = []
    if (this.#tokens.length === 0) return requirements
    for (;;) {
      requirements.push(this.#requirement())
      const token = this.#tokens[this.#next++]
      if (token === undefined) return requirements
      if (token !== ',') this.#fail(`found '${token}', expected: ',' or end of the selector`)
    }
  }

  #requirement(): Requirement {
    if (this.#tokens[this.#next] === '!') {
      this.#next++
      return { key: this.#word('label key'), operator: 'DoesNotExist', values: [] }
    }
    const key = this.#word('label key')
    const operator = this.#tokens[this.#next]
    switch (operator) {
      case undefined:
      case ',':
        return { key, operator: 'Exists', values: [] }
      case '=':
      case '==':
        this.#next++
        return { key, operator: 'In', values: [this.#value()] }
      case '!=':
        this.#next++
        return { key, operator: 'NotIn', values: [this.#value()] }
      case 'in':
      case 'notin':
        this.#next++
        return { key, operator: operator === 'in' ? 'In' : 'NotIn', values: this.#values() }
      default:
        return this.#fail(`found '${operator}', expected: in, notin, =, ==, !=`)
    }
  }

  #word(what: string): string {
    const token = this.#tokens[this.#next++]
    if (token === undefined || PUNCTUATION.has(token)) this.#fail(`found '${token ?? ''}', expected: ${what}`)
    return token
  }

  /** A value may be empty: `key=`. */
  #value(): string {
    const token = this.#tokens[this.#next]
    if (token === undefined || token === ',') return ''
    return this.#word('label value')
  }

  #values(): string[] {
    if (this.#tokens[this.#next++] !== '(') this.#fail("expected: '('")
    const values: string[] = []
    for (;;) {
      const token = this.#tokens[this.#next]
      values.push(token === ',' || token === ')' ? '' : this.#word('label value'))
      const separator = this.#tokens[this.#next++]
      if (separator === ')') return values
      if (separator !== ',') this.#fail(`found '${separator ?? ''}', expected: ',' or ')'`)
    }
  }

  #fail(why: string): never {
    throw badRequest(`unable to parse requirement: ${why} in ${JSON.stringify(this.#text)}`)
  }
}

const PUNCTUATION = new Set(['!=', '==', '=', '!', ',', '(', ')', '<', '>'])
