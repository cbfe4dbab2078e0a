// Frames that arrive at an interface somebody watches.

import { CAPTURE_HEAD, CAPTURE_LENGTH, CAPTURE_LINK, CAPTURE_TIME } from '../../src/abi/capture.ts'
import { Buffer } from '../memory/buffer.ts'
import { Time } from '../memory/time.ts'
import { Link } from '../netns/link.ts'
import { Skb } from '../packet/skb.ts'

const BUFFER = memory.data(16, 16)

export abstract class Capture {
  static frame(skb: usize, link: usize): void {
    const length = Skb.len(skb)
    const at = Buffer.extend(BUFFER, CAPTURE_HEAD + ((length + 7) & ~7))
    if (at == 0) return
    store<u32>(at, Link.id(link), CAPTURE_LINK)
    store<u32>(at, length, CAPTURE_LENGTH)
    store<u64>(at, Time.now(), CAPTURE_TIME)
    memory.copy(at + CAPTURE_HEAD, Skb.data(skb), length)
  }

  @inline static buffer(): usize {
    return BUFFER
  }
}
