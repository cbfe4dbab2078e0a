import { describe, expect, it } from 'vitest'
import { oneLine, safeLines } from '../../../src/kernel/one-line.ts'

describe('oneLine', () => {
  it.each([
    ['plain → ☃', 'plain → ☃'],
    ['a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['\u0000\u0007\u001b[31mred\u007f', '\\u0000\\u0007\\u001b[31mred\\u007f'],
    ['\u009b2J\u0085\u2028', '\\u009b2J\\u0085\\u2028'],
    ['\u202eevil\u2066', '\\u202eevil\\u2066'],
  ])('%j', (text, safe) => expect(oneLine(text)).toBe(safe))

  it('keeps lines apart that are ours', () => {
    expect(safeLines(['a\nb', 'c'])).toBe('a\\nb\nc')
  })
})
