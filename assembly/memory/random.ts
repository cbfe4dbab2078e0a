// The engine's only source of randomness: PCG-XSH-RR 64/32 (O'Neill 2014), seeded by the host.

const STATE = memory.data(8, 8)
const MULTIPLIER: u64 = ((0x5851f42d as u64) << 32) | 0x4c957f2d
const INCREMENT: u64 = ((0x14057b7e as u64) << 32) | 0xf767814f

export abstract class Random {
  static seed(seed: u32): void {
    store<u64>(STATE, ((INCREMENT + seed) as u64) * MULTIPLIER + INCREMENT)
  }

  /** A uniform u32. */
  static u32(): u32 {
    const old = load<u64>(STATE)
    store<u64>(STATE, old * MULTIPLIER + INCREMENT)
    const xorshifted = (((old >> 18) ^ old) >> 27) as u32
    return rotr<u32>(xorshifted, (old >> 59) as u32)
  }

  /** A number in [0, bound) by multiplication, as the kernel's reciprocal_scale does. */
  @inline static below(bound: u32): u32 {
    return (((Random.u32() as u64) * (bound as u64)) >> 32) as u32
  }
}
