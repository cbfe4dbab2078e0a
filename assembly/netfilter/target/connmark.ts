// net/netfilter/xt_connmark.c: connmark_tg_shift.

import { CT_MARK } from '../../../src/abi/conntrack.ts'
import {
  CONNMARK_SAVE,
  CONNMARK_SET,
  TARGET_CONNMARK_CTMASK,
  TARGET_CONNMARK_NFMASK,
  TARGET_CONNMARK_RIGHT,
  TARGET_CONNMARK_SHIFT,
  TARGET_CONNMARK_VALUE,
} from '../../../src/abi/target.ts'
import { Skb } from '../../packet/skb.ts'

export abstract class Connmark {
  static apply(skb: usize, mode: u32, data: usize): void {
    const ct = Skb.ct(skb)
    if (ct == 0) return
    const mark = load<u32>(ct, CT_MARK)
    const ctmask = load<u32>(data, TARGET_CONNMARK_CTMASK)
    const nfmask = load<u32>(data, TARGET_CONNMARK_NFMASK)
    const shift = load<u32>(data, TARGET_CONNMARK_SHIFT)
    if (mode == CONNMARK_SET) {
      const now = (mark & ~ctmask) ^ load<u32>(data, TARGET_CONNMARK_VALUE)
      store<u32>(ct, Connmark.shifted(now, shift), CT_MARK)
    } else if (mode == CONNMARK_SAVE) {
      store<u32>(ct, (mark & ~ctmask) ^ Connmark.shifted(Skb.mark(skb) & nfmask, shift), CT_MARK)
    } else {
      Skb.setMark(skb, (Skb.mark(skb) & ~nfmask) ^ Connmark.shifted(mark & ctmask, shift))
    }
  }

  @inline private static shifted(mark: u32, shift: u32): u32 {
    const bits = shift & 31
    return shift & TARGET_CONNMARK_RIGHT ? mark >> bits : mark << bits
  }
}
