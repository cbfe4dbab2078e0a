/** What kubectl 1.32 and 1.35 print of the same text (`kubectl annotate --local -o json`). */
import { describe, expect, it } from 'vitest'
import { parseManifests } from '../../../src/cluster/manifests/document.ts'

const HEAD = 'apiVersion: example.com/v1\nkind: Widget\nmetadata: { name: a }\n'
const specOf = (text: string): unknown => parseManifests(`${HEAD}${text}`, 'a.yaml')[0]!.object['spec']
const scalar = (text: string): unknown => (specOf(`spec: { v: ${text} }`) as { v: unknown }).v

describe('plain scalars', () => {
  it.each([
    ['yes', true],
    ['no', false],
    ['On', true],
    ['OFF', false],
    ['y', true],
    ['N', false],
    ['TRUE', true],
    ['tRUE', 'tRUE'],
    ['"no"', 'no'],
    ['~', null],
    ['Null', null],
    ['010', 8],
    ['-010', -8],
    ['0o10', 8],
    ['0O7', 7],
    ['0x1F', 31],
    ['0X1f', 31],
    ['0b1', 1],
    ['-0b1', -1],
    ['0b12', '0b12'],
    ['0o9', '0o9'],
    ['0x', '0x'],
    ['08', 8],
    ['+12', 12],
    ['1_000', 1000],
    ['1__0', 10],
    ['0_1', 1],
    ['_1', '_1'],
    ['1_0.5', 10.5],
    ['._5', '._5'],
    ['.5', 0.5],
    ['1.', 1],
    ['1e3', 1000],
    ['1e400', '1e400'],
    ['18446744073709551616', 18446744073709551616],
    ['80:80', '80:80'],
    ['12:30:45', '12:30:45'],
    ['2020-01-01', '2020-01-01'],
    ['10.0.0.1', '10.0.0.1'],
    ['!!str 12', '12'],
    ['!!int "12"', 12],
    ['.inf', Infinity],
    ['-.Inf', -Infinity],
  ])('%s', (text, value) => expect(scalar(text)).toBe(value))

  it('are keys as JSON has them', () => {
    expect(specOf('spec: { yes: 1, 010: 2, 1.50: 3, 1e3: 4 }')).toEqual({
      true: 1,
      8: 2,
      '1.5': 3,
      1000: 4,
    })
  })
})

describe('merge keys', () => {
  it.each([
    ['keep what stands below', 'spec: { <<: *b, a: 2 }', { a: 2, c: 5 }],
    ['override what stands above', 'spec: { a: 2, <<: *b }', { a: 1, c: 5 }],
    ['take the first of a list', 'spec: { <<: [*b, *d] }', { a: 1, c: 5 }],
    ['take a map as it is written', 'spec: { <<: { a: 3 } }', { a: 3 }],
    ['may set any key', 'spec: { <<: { __proto__: 1 } }', JSON.parse('{"__proto__":1}')],
    ['are text in quotes', 'spec: { "<<": 1 }', { '<<': 1 }],
  ])('%s', (_, spec, value) => {
    expect(specOf(`x: &b { a: 1, c: 5 }\nd: &d { a: 7 }\n${spec}`)).toEqual(value)
  })

  it('take maps only', () => expect(() => specOf('spec: { <<: 1 }')).toThrow('a merge key (<<) takes a map'))
})

describe('keys that kubectl refuses', () => {
  it.each([
    ['a template', 'spec:\n  v: {{ .Values.v }}', 'a.yaml:5: {{ begins a template: render it first'],
    ['a map', 'spec:\n  ? { a: 1 }\n  : 2', 'a.yaml:5: a key of a map cannot be a map or a list'],
    ['a list', 'spec: { [a]: 2 }', 'a.yaml:4: a key of a map cannot be a map or a list'],
    ['null', 'spec: { ~: 1 }', 'a.yaml:4: a key of a map cannot be null'],
    ['one given twice', 'spec:\n  ab: 1\n  "ab": 2', 'a.yaml:6: the key ab is given twice in one map'],
  ])('%s', (_, text, message) => expect(() => specOf(text)).toThrow(message))
})
