import { describe, expect, it } from 'vitest'
import { BoundedFrequencyRunner } from '../../../src/proxy/runner.ts'
import { VirtualClock } from '../../../src/sim/virtual-clock.ts'

const INTERVALS = { minInterval: 1000, retryInterval: 5000, maxInterval: 10_000 }

function setUp(intervals = INTERVALS) {
  const clock = new VirtualClock(0)
  const runs: number[] = []
  const state = { succeeds: true }
  const work = () => {
    runs.push(clock.now())
    return state.succeeds
  }
  return { clock, runs, state, runner: new BoundedFrequencyRunner(clock, work, intervals) }
}

describe('the bounded frequency runner', () => {
  it('runs at once, then makes requests wait for the minimum interval, all of them for one run', () => {
    const { clock, runs, runner } = setUp()
    runner.start()
    runner.run()
    expect(runs).toEqual([])
    clock.advance(500)
    runner.run()
    runner.run()
    clock.advance(499)
    expect(runs).toEqual([0])
    clock.advance(1)
    expect(runs).toEqual([0, 1000])
    runner.run()
    clock.advance(999)
    expect(runs).toEqual([0, 1000])
    clock.advance(1)
    expect(runs).toEqual([0, 1000, 2000])
    clock.advance(1500)
    runner.run()
    clock.advance(0)
    expect(runs).toEqual([0, 1000, 2000, 3500])
  })

  it('runs unasked after the maximum interval, counted from the last run', () => {
    const { clock, runs, runner } = setUp()
    runner.start()
    clock.advance(4000)
    runner.run()
    clock.advance(10_000)
    expect(runs).toEqual([4000, 14_000])
    clock.advance(10_000)
    expect(runs).toEqual([4000, 14_000, 24_000])
  })

  it('repeats a failed run after the retry interval until it succeeds', () => {
    const { clock, runs, runner, state } = setUp()
    state.succeeds = false
    runner.start()
    runner.run()
    clock.advance(10_000)
    expect(runs).toEqual([0, 5000, 10_000])
    state.succeeds = true
    clock.advance(5000)
    expect(runs.at(-1)).toBe(15_000)
    clock.advance(9999)
    expect(runs.at(-1)).toBe(15_000)
    clock.advance(1)
    expect(runs.at(-1)).toBe(25_000)
  })

  it('never retries before the minimum interval is over, and not later than the maximum', () => {
    for (const [retryInterval, expected] of [
      [100, 1000],
      [60_000, 10_000],
    ] as const) {
      const { clock, runs, runner, state } = setUp({ ...INTERVALS, retryInterval })
      state.succeeds = false
      runner.start()
      runner.run()
      clock.advance(expected - 1)
      expect(runs).toEqual([0])
      clock.advance(1)
      expect(runs).toEqual([0, expected])
    }
  })

  it('serves a request from before the start', () => {
    const { clock, runs, runner } = setUp()
    runner.run()
    clock.advance(2000)
    expect(runs).toEqual([])
    runner.start()
    clock.advance(0)
    expect(runs).toEqual([2000])
  })

  it('keeps a cluster from settling only while a run is requested', () => {
    const { clock, runs, runner } = setUp()
    runner.start()
    expect(clock.pending).toBe(0)
    runner.run()
    expect(clock.pending).toBe(1)
    clock.runUntilIdle()
    expect(runs).toEqual([0])
    expect(clock.pending).toBe(0)
    runner.run()
    expect(clock.runUntilIdle().elapsed).toBe(1000)
  })

  it('does nothing after it was stopped', () => {
    const { clock, runs, runner } = setUp()
    runner.start()
    runner.run()
    runner.stop()
    clock.advance(60_000)
    expect(runs).toEqual([])
  })
})
