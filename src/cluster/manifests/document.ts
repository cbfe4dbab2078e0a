/**
 * Kubernetes manifests as text: YAML or JSON, several documents, Lists. Every object keeps its place in the text, so
 * that whoever judges a field later (a validator, a selector that matches nothing) can name file, line and field.
 *
 * YAML is read as kubectl reads it (sigs.k8s.io/yaml; `scalars.ts`), but for a key that is given twice: kubectl takes the
 * last one, here it is an error.
 */
import {
  Composer,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  visit,
  type CST,
  type Document,
  type Node,
} from 'yaml'
import { Problem, type Place } from '../../kernel/problem.ts'
import { splitJson } from './json-stream.ts'
import { KUBECTL_TAGS } from './scalars.ts'

/** What every Kubernetes object has. Fields beyond these are the business of the registry of kinds. */
export interface ManifestObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name?: string
    readonly generateName?: string
    readonly namespace?: string
    readonly [field: string]: unknown
  }
  readonly [field: string]: unknown
}

export interface Manifest {
  readonly object: ManifestObject
  /** File, line and field of a part of the object, e.g. `spec.ports[0].port`; the nearest part that is written down. */
  place(field?: string): Place
}

/** Reads every object of `text`. `file` is only for places. Throws `Problem` at the first thing that is wrong. */
export function parseManifests(text: string, file?: string): Manifest[] {
  if (text.includes('\0')) {
    throw new Problem('holds a NUL character: it is no text in UTF-8', file === undefined ? {} : { file })
  }
  return splitJson(text).flatMap((piece) => parsePiece(piece.text, piece.line, file))
}

/** `line`: of the file, where the text begins. */
function parsePiece(text: string, line: number, file: string | undefined): Manifest[] {
  const lines = new LineCounter()
  const where = (offset: number): Place => ({
    ...(file === undefined ? {} : { file }),
    line: lines.linePos(offset).line + line - 1,
  })
  return compose(text, lines, where).flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) {
      const at = where(error.pos[0])
      throw error.code === 'DUPLICATE_KEY'
        ? new Problem(`the key ${keyAt(text, error.pos[0])} is given twice in one map`, at)
        : new Problem(firstSentence(error.message), at)
    }
    if (document.contents === null) return []
    checkKeys(document, text, where)
    const value: unknown = toValue(document, where)
    if (value === null) return []
    if (nestsTooDeeply(value)) throw new Problem(TOO_DEEP, where(document.range?.[0] ?? 0))
    return unfold(value, new Source(document.contents, where))
  })
}

function keyAt(text: string, offset: number): string {
  return /^.+?(?=["']?\s*:(\s|$)|["']?\s*[,}]|$)/m.exec(text.slice(offset).replace(/^["']/, ''))?.[0] ?? ''
}

/** Keys that JSON cannot have. What is most often such a key is `{{ … }}`: a map whose only key is a map. */
function checkKeys(document: Document, text: string, where: Where): void {
  visit(document, {
    Pair(_, { key }) {
      const node = isAlias(key) ? key.resolve(document) : key
      const isNull = node === null || (isScalar(node) && node.value === null)
      if (!isNull && !isCollection(node)) return
      const offset = (isNode(key) ? key.range?.[0] : undefined) ?? document.range?.[0] ?? 0
      throw new Problem(
        text.slice(Math.max(0, offset - 1)).startsWith('{{')
          ? '{{ begins a template: render it first (helm template)'
          : `a key of a map cannot be ${isNull ? 'null' : 'a map or a list'}`,
        where(offset),
      )
    },
  })
}

/** An object that did not come from text: its places have a field only. */
export function manifestOf(object: unknown): Manifest[] {
  if (nestsTooDeeply(object)) throw new Problem(TOO_DEEP)
  return unfold(object, new Source(null, () => ({})))
}

/** No kind of Kubernetes comes near it (schemas in custom resource definitions go to some 60). */
const MAX_DEPTH = 200
const TOO_DEEP = `is nested more than ${MAX_DEPTH} levels deep`

const OPTIONS = { schema: 'failsafe', customTags: KUBECTL_TAGS, prettyErrors: false } as const

/**
 * What `parseAllDocuments` does, with an eye on the depth: whoever composes calls himself for what is nested, until the
 * stack is full, so nothing too deep may come that far.
 */
function compose(text: string, lines: LineCounter, where: Where): Document[] {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  function* tokens(): Generator<CST.Token> {
    for (const lexeme of new Lexer().lex(text)) {
      yield* parser.next(lexeme)
      // The lowest of the stack is the document.
      if (parser.stack.length - 1 > MAX_DEPTH) throw new Problem(TOO_DEEP, where(parser.offset))
    }
    yield* parser.end()
  }
  return [...new Composer(OPTIONS).compose(tokens())]
}

type Where = (offset: number) => Place

/** Level by level, so that no stack can overflow; an object that holds itself has no end and is too deep as well. */
function nestsTooDeeply(value: unknown): boolean {
  let level = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true
    const below = new Set<unknown>()
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue
      for (const part of Object.values(item)) if (typeof part === 'object' && part !== null) below.add(part)
    }
    level = [...below]
  }
  return false
}

function toValue(document: Document, where: Where): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    // An alias without an anchor, or a document that blows up when aliases are followed.
    if (error instanceof RangeError) throw new Problem(TOO_DEEP, where(document.range?.[0] ?? 0))
    throw new Problem(error instanceof Error ? error.message : String(error), where(document.range?.[0] ?? 0))
  }
}

/** Where the parts of one object are in the text. */
class Source {
  readonly #node: Node | null
  readonly #where: Where
  /** `items[3].` for what stands in a List. */
  readonly #prefix: string

  constructor(node: Node | null, where: Where, prefix = '') {
    this.#node = node
    this.#where = where
    this.#prefix = prefix
  }

  place(field?: string): Place {
    let node: unknown = this.#node
    let offset = this.#node?.range?.[0]
    for (const key of fieldPath(field ?? '')) {
      if (isMap(node)) {
        const pair = node.items.find((item) => String(item.key) === key)
        if (pair === undefined) break
        if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
        node = pair.value
      } else if (isSeq(node)) {
        node = node.items[Number(key)]
        if (isNode(node)) offset = node.range?.[0] ?? offset
      } else break
    }
    const named = `${this.#prefix}${field ?? ''}`.replace(/\.$/, '')
    return {
      ...(offset === undefined ? {} : this.#where(offset)),
      ...(named === '' ? {} : { field: named }),
    }
  }

  item(field: string, index: number): Source {
    const list = isMap(this.#node) ? this.#node.get(field, true) : undefined
    const item = isSeq(list) ? list.items[index] : undefined
    return new Source(isNode(item) ? item : null, this.#where, `${this.#prefix}${field}[${index}].`)
  }
}

function unfold(value: unknown, source: Source): Manifest[] {
  if (!isRecord(value)) {
    throw new Problem(`expected a Kubernetes object, got ${nameOf(value)}`, source.place())
  }
  const hint = notAnObject(value)
  if (hint !== undefined) throw new Problem(`is no Kubernetes object: ${hint}`, source.place())
  for (const field of ['apiVersion', 'kind']) {
    if (typeof value[field] !== 'string' || value[field] === '') {
      throw new Problem('is required: every object says its apiVersion and kind', source.place(field))
    }
  }
  if (String(value.kind).endsWith('List') && 'items' in value) {
    if (!Array.isArray(value.items)) throw new Problem('expected a list of objects', source.place('items'))
    return value.items.flatMap((item, index) => unfold(itemOf(value, item), source.item('items', index)))
  }
  const { metadata } = value
  if (!isRecord(metadata)) throw new Problem('is required', source.place('metadata'))
  for (const field of ['name', 'generateName', 'namespace']) {
    if (metadata[field] !== undefined && typeof metadata[field] !== 'string') {
      throw new Problem(
        `expected a string, got ${nameOf(metadata[field])}`,
        source.place(`metadata.${field}`),
      )
    }
  }
  if (!metadata.name && !metadata.generateName) {
    throw new Problem(`is required: a ${String(value.kind)} needs a name`, source.place('metadata.name'))
  }
  return [{ object: value as ManifestObject, place: (field) => source.place(field) }]
}

/** What stands beside manifests in a folder and is none: values of a chart, a Kustomization. */
function notAnObject({ apiVersion, kind }: Record<string, unknown>): string | undefined {
  if (kind === 'Kustomization' && String(apiVersion).startsWith('kustomize.config.k8s.io/')) {
    return 'build what this Kustomization describes (kubectl kustomize), and give the result'
  }
  return apiVersion === undefined && kind === undefined ? 'it says neither apiVersion nor kind' : undefined
}

/** The items of a PodList are Pods and need not say so: the apiserver leaves it out of what it lists. */
function itemOf({ apiVersion, kind }: Record<string, unknown>, item: unknown): unknown {
  if (kind === 'List' || !isRecord(item)) return item
  return { apiVersion, kind: String(kind).slice(0, -'List'.length), ...item }
}

/** `spec.ports[0].port` and `metadata.labels[app.kubernetes.io/name]` as keys, one after the other. */
export function fieldPath(field: string): string[] {
  return [...field.matchAll(/\[([^\]]*)\]|[^.[]+/g)].map((part) => part[1] ?? part[0])
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  const text = JSON.stringify(value)
  return `the ${typeof value} ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`
}

function firstSentence(message: string): string {
  return message.split('\n', 1)[0] ?? message
}
