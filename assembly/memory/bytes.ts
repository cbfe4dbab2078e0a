// Short blocks. memory.copy and memory.fill leave the compiled code for a C function in V8, which costs more than the
// move itself below some 200 bytes (bench: forward, 3 % of a packet's walk for each of them).

export abstract class Bytes {
  /** Copies `bytes` bytes between blocks that do not overlap; reads and writes nothing beyond them. */
  static copy(to: usize, from: usize, bytes: u32): void {
    if (bytes > 256) {
      memory.copy(to, from, bytes)
      return
    }
    let left = bytes
    while (left >= 16) {
      v128.store(to, v128.load(from))
      to += 16
      from += 16
      left -= 16
    }
    if (left & 8) {
      store<u64>(to, load<u64>(from))
      to += 8
      from += 8
    }
    if (left & 4) {
      store<u32>(to, load<u32>(from))
      to += 4
      from += 4
    }
    if (left & 2) {
      store<u16>(to, load<u16>(from))
      to += 2
      from += 2
    }
    if (left & 1) store<u8>(to, load<u8>(from))
  }

  /** Zeroes 192 bytes. */
  @inline static clear192(at: usize): void {
    const zero = i32x4.splat(0)
    v128.store(at, zero)
    v128.store(at, zero, 16)
    v128.store(at, zero, 32)
    v128.store(at, zero, 48)
    v128.store(at, zero, 64)
    v128.store(at, zero, 80)
    v128.store(at, zero, 96)
    v128.store(at, zero, 112)
    v128.store(at, zero, 128)
    v128.store(at, zero, 144)
    v128.store(at, zero, 160)
    v128.store(at, zero, 176)
  }
}
