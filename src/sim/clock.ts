/**
 * Time as an argument. Every component takes a `Clock`; in tests and in the emulator it is a `VirtualClock`, whose
 * time moves only when someone runs it.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Calls `callback` once, `delay` ms from now. Returns a handle for `clearTimer`. */
  setTimer(delay: number, callback: () => void): TimerHandle
  clearTimer(handle: TimerHandle): void
}

export interface TimerHandle {
  readonly id: number
}
