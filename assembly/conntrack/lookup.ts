// Finding a tuple in a zone (net/netfilter/nf_conntrack_core.c: nf_conntrack_find_get, nf_ct_key_equal). A zone is two
// ids, one a direction, packed as original | reply << 16; both are the same unless the zone covers one direction only.

import { Ref } from './ct.ts'
import { Life } from './life.ts'
import { IP_CT_DIR_ORIGINAL, IP_CT_DIR_REPLY } from '../../src/abi/conntrack.ts'

export abstract class Lookup {
  /** A reference or 0. A key counts only when the id it was found under is that of its own direction. */
  static find(tuple: usize, netnsId: u32, zones: u32): u32 {
    const original = zones & 0xffff
    const reply = zones >> 16
    let ref = Life.find(tuple, netnsId, original)
    if (original == reply || (ref != 0 && Ref.dir(ref) == IP_CT_DIR_ORIGINAL)) return ref
    ref = Life.find(tuple, netnsId, reply)
    return ref != 0 && Ref.dir(ref) == IP_CT_DIR_REPLY ? ref : 0
  }
}
