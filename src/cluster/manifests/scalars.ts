/**
 * Plain scalars and merge keys as kubectl reads them: sigs.k8s.io/yaml (goyaml.v2: resolve.go, decode.go), which is YAML
 * 1.1 (`no` is false, `010` is 8) without numbers of base 60, and with timestamps left as text.
 *
 * Kept of its behaviour too: a merge key overrides what stands above it in its map, and not what stands below.
 */
import { isAlias, isMap, isSeq, Scalar, type ScalarTag, type Tags } from 'yaml'

const YAML = 'tag:yaml.org,2002:'
const TRUE = /^(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/
const BOOLEAN = /^(y|Y|n|N|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/
const NULL = /^(~|null|Null|NULL)?$/

/** strconv.ParseInt with base 0, and yamlStyleFloat; what is neither is text. */
const INTEGER = /^([-+]?)(?:(0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+|[1-9]\d*|0)|0([0-7]+))$/
const FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/
const SPECIAL = /^([-+]?)\.(?:(inf|Inf|INF)|nan|NaN|NAN)$/

/** The number that a plain scalar is, or the text itself. */
export function numberOf(text: string): number | string {
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '')
  const integer = INTEGER.exec(plain)
  if (integer !== null) {
    const [, sign, digits, octal] = integer
    const value = octal === undefined ? Number(digits) : Number.parseInt(octal, 8)
    return sign === '-' ? -value : value
  }
  const special = SPECIAL.exec(text)
  if (special !== null) return special[2] === undefined ? NaN : special[1] === '-' ? -Infinity : Infinity
  const float = FLOAT.test(plain) ? Number(plain) : Infinity
  return Number.isFinite(float) ? float : text
}

const number = { default: true, test: /^[-+.\d]/, resolve: numberOf } as const

/** The tags to put beside those of the `failsafe` schema. */
export const KUBECTL_TAGS: Tags = [
  { tag: `${YAML}null`, default: true, test: NULL, resolve: () => new Scalar(null) },
  { tag: `${YAML}bool`, default: true, test: BOOLEAN, resolve: (text) => TRUE.test(text) },
  { ...number, tag: `${YAML}int` },
  { ...number, tag: `${YAML}float` },
  mergeKey(),
]

function mergeKey(): ScalarTag {
  type AddToMap = NonNullable<Scalar['addToJSMap']>
  const addToJSMap: AddToMap = (context, map, value) => {
    const source = resolved(context, value)
    const sources = isSeq(source) ? source.items.toReversed() : [source]
    for (const each of sources) {
      const from = resolved(context, each)
      if (!isMap(from)) throw new Error('a merge key (<<) takes a map, or a list of maps')
      for (const pair of from.toJSON(null, context, Map) as Map<unknown, unknown>) setKey(map, ...pair)
    }
  }
  const resolved = (context: Parameters<AddToMap>[0], value: unknown): unknown =>
    isAlias(value) && context !== undefined ? value.resolve(context.doc, context) : value
  return {
    tag: `${YAML}merge`,
    default: 'key',
    test: /^<<$/,
    identify: (value) => typeof value === 'symbol',
    resolve: () => Object.assign(new Scalar(Symbol('<<')), { addToJSMap }),
  }
}

/** `__proto__` is a key like any other. */
function setKey(map: unknown, key: unknown, value: unknown): void {
  if (map instanceof Map) map.set(key, value)
  else
    Object.defineProperty(map, String(key), { value, writable: true, enumerable: true, configurable: true })
}
