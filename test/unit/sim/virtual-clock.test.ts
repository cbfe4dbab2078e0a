import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/sim/virtual-clock.ts'

describe('VirtualClock', () => {
  it('fires in the order of time, then of setting, with now() at each timer’s own time', () => {
    const clock = new VirtualClock(1000)
    const seen: string[] = []
    const mark = (name: string) => () => seen.push(`${name}@${clock.now()}`)
    clock.setTimer(20, mark('c'))
    clock.setTimer(10, mark('a'))
    clock.setTimer(10, mark('b'))
    expect(clock.runUntil(1015)).toBe(2)
    expect(clock.now()).toBe(1015)
    clock.runUntilIdle()
    expect(seen).toEqual(['a@1010', 'b@1010', 'c@1020'])
  })

  it('fires timers set by callbacks, at delay 0 after those already due', () => {
    const clock = new VirtualClock(0)
    const seen: string[] = []
    clock.setTimer(0, () => {
      seen.push('first')
      clock.setTimer(0, () => seen.push('third'))
    })
    clock.setTimer(0, () => seen.push('second'))
    expect(clock.runUntilIdle()).toEqual({ idle: true, fired: 3, elapsed: 0 })
    expect(seen).toEqual(['first', 'second', 'third'])
  })

  it('settles with background timers waiting, and fires those it passes', () => {
    const clock = new VirtualClock(0)
    let beats = 0
    const beat = () => {
      beats++
      clock.setTimer(10, beat, { background: true })
    }
    clock.setTimer(10, beat, { background: true })
    clock.setTimer(35, () => {})
    expect(clock.runUntilIdle()).toEqual({ idle: true, fired: 4, elapsed: 35 })
    expect(beats).toBe(3)
    expect(clock.nextTimer()).toBe(40)
    expect(clock.nextTimer({ foreground: true })).toBeUndefined()
  })

  it('gives up after the limit and says so', () => {
    const clock = new VirtualClock(0)
    const again = () => void clock.setTimer(400, again)
    again()
    expect(clock.runUntilIdle({ limit: 1000 })).toEqual({ idle: false, fired: 2, elapsed: 800 })
    expect(clock.pending).toBe(1)
  })

  it('does not count or fire a cleared timer, and clearing twice is harmless', () => {
    const clock = new VirtualClock(0)
    const handle = clock.setTimer(5, () => expect.unreachable())
    clock.clearTimer(handle)
    clock.clearTimer(handle)
    expect(clock.pending).toBe(0)
    expect(clock.nextTimer()).toBeUndefined()
    expect(clock.runUntilIdle().fired).toBe(0)
  })

  it('finds the next foreground timer behind background ones', () => {
    const clock = new VirtualClock(0)
    clock.setTimer(1, () => {}, { background: true })
    clock.setTimer(7, () => {})
    clock.setTimer(5, () => {})
    expect(clock.nextTimer({ foreground: true })).toBe(5)
  })

  it('stays usable when a callback throws, and refuses to be run from a callback', () => {
    const clock = new VirtualClock(0)
    clock.setTimer(1, () => void clock.runUntilIdle())
    clock.setTimer(2, () => {})
    expect(() => clock.runUntilIdle()).toThrow('must not run the clock')
    expect(clock.runUntilIdle()).toMatchObject({ idle: true, fired: 1 })
    expect(() => clock.runUntil(1)).toThrow('cannot go back')
    expect(() => clock.setTimer(-1, () => {})).toThrow('negative')
  })

  it('fires any set of timers exactly as a stable sort by time orders them', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ delay: fc.nat(20), cleared: fc.boolean() })), (timers) => {
        const clock = new VirtualClock(0)
        const fired: number[] = []
        const handles = timers.map(({ delay }, index) => clock.setTimer(delay, () => fired.push(index)))
        timers.forEach(({ cleared }, index) => cleared && clock.clearTimer(handles[index]!))
        clock.runUntilIdle()
        const expected = timers
          .map(({ delay, cleared }, index) => ({ delay, cleared, index }))
          .filter(({ cleared }) => !cleared)
          .toSorted((a, b) => a.delay - b.delay || a.index - b.index)
          .map(({ index }) => index)
        expect(fired).toEqual(expected)
      }),
      { seed: 1 },
    )
  })
})
