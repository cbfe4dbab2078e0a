import { describe, expect, it } from 'vitest'
import type { LabelSelector, Labels } from '../../../../src/apiserver/types/index.ts'
import { readSelector, selects } from '../../../../src/policy/evaluate/select.ts'

const expression = (
  key: string,
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist',
  values?: string[],
): LabelSelector => ({ matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }] })

describe('a selector', () => {
  it.each<[string, LabelSelector, Labels, boolean]>([
    ['empty: everything', {}, {}, true],
    ['matchLabels: equal', { matchLabels: { a: '1' } }, { a: '1', b: '2' }, true],
    ['matchLabels: another value', { matchLabels: { a: '1' } }, { a: '2' }, false],
    ['matchLabels: lacking', { matchLabels: { a: '1' } }, {}, false],
    ['matchLabels: an empty value is not lacking', { matchLabels: { a: '' } }, {}, false],
    ['matchLabels: an empty value', { matchLabels: { a: '' } }, { a: '' }, true],
    ['In: one of the values', expression('a', 'In', ['1', '2']), { a: '2' }, true],
    ['In: none of the values', expression('a', 'In', ['1', '2']), { a: '3' }, false],
    ['In: lacking', expression('a', 'In', ['1']), {}, false],
    ['NotIn: one of the values', expression('a', 'NotIn', ['1']), { a: '1' }, false],
    ['NotIn: another value', expression('a', 'NotIn', ['1']), { a: '2' }, true],
    ['NotIn: lacking', expression('a', 'NotIn', ['1']), { b: '1' }, true],
    ['Exists: there', expression('a', 'Exists'), { a: '' }, true],
    ['Exists: lacking', expression('a', 'Exists'), {}, false],
    ['DoesNotExist: there', expression('a', 'DoesNotExist'), { a: '' }, false],
    ['DoesNotExist: lacking', expression('a', 'DoesNotExist'), {}, true],
    ['a name of every object', expression('constructor', 'Exists'), {}, false],
    ['all must hold', { matchLabels: { a: '1' }, ...expression('b', 'Exists') }, { a: '1' }, false],
  ])('%s', (_, selector, labels, expected) => {
    expect(selects(readSelector(selector), labels)).toBe(expected)
  })

  it('has the same text when it is written in another way', () => {
    const one = readSelector({ matchLabels: { b: '2', a: '1' } })
    const other = readSelector({
      matchExpressions: [
        { key: 'a', operator: 'In', values: ['1'] },
        { key: 'b', operator: 'In', values: ['2', '2'] },
      ],
    })
    expect(one.text).toBe('a=1,b=2')
    expect(other.text).toBe(one.text)
  })
})
