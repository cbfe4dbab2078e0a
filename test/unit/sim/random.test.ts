import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/sim/random.ts'

describe('Random', () => {
  it('gives the same sequence for the same seed and another for another seed', () => {
    const draw = (seed: number) => {
      const random = new Random(seed)
      return Array.from({ length: 8 }, () => random.uint32())
    }
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
  })

  it('draws evenly below a bound that does not divide 2^32', () => {
    const random = new Random(1)
    const counts = [0, 0, 0]
    for (let i = 0; i < 30_000; i++) counts[random.below(3)]! += 1
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400)
  })
})
