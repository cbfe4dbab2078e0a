// Virtual time. It moves only when the host moves it.

const NOW = memory.data(8, 8)

export abstract class Time {
  /** Microseconds since the Unix epoch. */
  @inline static now(): u64 {
    return load<u64>(NOW)
  }

  @inline static set(microseconds: u64): void {
    store<u64>(NOW, microseconds)
  }
}
