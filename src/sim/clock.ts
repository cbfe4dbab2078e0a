/**
 * Time as an argument. Every component takes a `Clock`; in tests and in the emulator it is a `VirtualClock`, whose
 * time moves only when someone runs it.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Calls `callback` once, `delay` ms from now (0: as soon as the caller is done). Returns a handle for `clearTimer`. */
  setTimer(delay: number, callback: () => void, options?: TimerOptions): TimerHandle
  /** A handle that has fired or was cleared is ignored. */
  clearTimer(handle: TimerHandle): void
}

export interface TimerOptions {
  /**
   * True for what goes on for ever by itself (resync, heartbeat, a retry that waits for the world to change): such a
   * timer fires when time passes it, but nobody waits for it. A cluster is settled when only background timers are left.
   */
  readonly background?: boolean
}

export interface TimerHandle {
  readonly id: number
}
