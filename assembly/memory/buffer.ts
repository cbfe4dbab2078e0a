// A growing list of bytes for the host to read and clear: traces, captured frames. It grows by doubling; when memory
// cannot grow what does not fit is counted as lost.
//
//     0      4      8      12
//     | data | room | used | lost |

import { Arena } from './arena.ts'

export const BUFFER_DATA = 0
export const BUFFER_ROOM = 4
export const BUFFER_USED = 8
export const BUFFER_LOST = 12

export abstract class Buffer {
  /** Makes room for `bytes` more and returns where they go; 0 when lost. The caller fills them in. */
  static extend(buffer: usize, bytes: u32): usize {
    const used = load<u32>(buffer, BUFFER_USED)
    const room = load<u32>(buffer, BUFFER_ROOM)
    if (used + bytes > room) {
      let bigger: u32 = room == 0 ? 65536 : room << 1
      while (bigger != 0 && bigger < used + bytes) bigger <<= 1
      const data = bigger != 0 ? Arena.alloc(bigger) : 0
      if (data == 0) {
        store<u32>(buffer, load<u32>(buffer, BUFFER_LOST) + 1, BUFFER_LOST)
        return 0
      }
      memory.copy(data, load<u32>(buffer, BUFFER_DATA), used)
      Arena.free(load<u32>(buffer, BUFFER_DATA), room)
      store<u32>(buffer, data as u32, BUFFER_DATA)
      store<u32>(buffer, bigger, BUFFER_ROOM)
    }
    store<u32>(buffer, used + bytes, BUFFER_USED)
    return (load<u32>(buffer, BUFFER_DATA) as usize) + used
  }

  @inline static clear(buffer: usize): void {
    store<u32>(buffer, 0, BUFFER_USED)
    store<u32>(buffer, 0, BUFFER_LOST)
  }
}
