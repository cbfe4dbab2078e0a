// The arena: where every table and record of the engine lives. Blocks are powers of two from 64 bytes up; a freed
// block goes to the list of its class and is handed out again before memory grows. Nothing on the packet path calls
// it: tables are sized while objects are loaded.

const SMALLEST_SHIFT: u32 = 6
const CLASSES: u32 = 32
const PAGE: usize = 65536

/** One word a size class: the first free block of that size, 0 when there is none. A free block's first word links on. */
const FREE = memory.data(128, 64)
/** The first byte never handed out, then the limit above which memory must not grow (0: only the host's limit). */
const STATE = memory.data(16, 16)

export abstract class Arena {
  /** A zeroed block of at least `bytes`, 64-byte aligned; 0 when memory cannot grow. */
  static alloc(bytes: usize): usize {
    const shift = Arena.shiftOf(bytes)
    if (shift >= CLASSES) return 0
    const size = (1 as usize) << shift
    const head = FREE + ((shift as usize) << 2)
    const free: usize = load<u32>(head)
    if (free != 0) {
      store<u32>(head, load<u32>(free))
      memory.fill(free, 0, size)
      return free
    }
    return Arena.extend(size)
  }

  /** Gives a block back; `bytes` is what it was asked with. */
  static free(ptr: usize, bytes: usize): void {
    if (ptr == 0) return
    const head = FREE + ((Arena.shiftOf(bytes) as usize) << 2)
    store<u32>(ptr, load<u32>(head))
    store<u32>(head, ptr as u32)
  }

  /** Bytes of linear memory in use below the never-used rest. */
  @inline static used(): usize {
    return load<u32>(STATE)
  }

  private static shiftOf(bytes: usize): u32 {
    if (bytes <= (1 as usize) << SMALLEST_SHIFT) return SMALLEST_SHIFT
    return 32 - clz<u32>((bytes as u32) - 1)
  }

  private static extend(size: usize): usize {
    let top: usize = load<u32>(STATE)
    if (top == 0) top = (__heap_base + 63) & ~63
    const end = top + size
    if (end < top) return 0
    const have = (memory.size() as u64) << 16
    if ((end as u64) > have) {
      const pages = (((end as u64) - have + PAGE - 1) >> 16) as i32
      // A quarter more at least: each growth gives the host a new ArrayBuffer, and its collector goes to work.
      const ahead = memory.size() >> 2
      if (memory.grow(max(pages, ahead)) < 0 && memory.grow(pages) < 0) return 0
    }
    store<u32>(STATE, end as u32)
    return top
  }
}
