// Templates: what the CT target attaches to a packet before it is tracked (`struct nf_conn` with IPS_TEMPLATE;
// net/netfilter/xt_CT.c, nf_conntrack_zones.h: nf_ct_zone_tmpl). They live as long as the rule; packets do not hold
// them.

import { Arena } from '../memory/arena.ts'
import { Skb } from '../packet/skb.ts'
import {
  CT_SIZE,
  CT_STATUS,
  CT_TEMPLATE_DIR,
  CT_TEMPLATE_MARK,
  CT_TEMPLATE_ZONE,
  IPS_CONFIRMED,
  IPS_TEMPLATE,
} from '../../src/abi/conntrack.ts'

const DIR_ORIGINAL: u32 = 1
const DIR_REPLY: u32 = 2

export abstract class Template {
  /** `dir` says which directions the zone covers (bit 0 original, bit 1 reply). 0 when memory cannot grow. */
  static create(zone: u32, dir: u32, fromMark: bool): usize {
    const template = Arena.alloc(CT_SIZE)
    if (template == 0) return 0
    store<u32>(template, IPS_TEMPLATE | IPS_CONFIRMED, CT_STATUS)
    store<u16>(template, zone, CT_TEMPLATE_ZONE)
    store<u8>(template, dir, CT_TEMPLATE_DIR)
    store<u8>(template, fromMark ? 1 : 0, CT_TEMPLATE_MARK)
    return template
  }

  static destroy(template: usize): void {
    Arena.free(template, CT_SIZE)
  }

  /** Zone ids of both directions for a packet with this template: original in the low half, reply in the high one. */
  static zones(template: usize, skb: usize): u32 {
    const fromMark = load<u8>(template, CT_TEMPLATE_MARK) != 0
    const id: u32 = fromMark ? Skb.mark(skb) & 0xffff : load<u16>(template, CT_TEMPLATE_ZONE)
    const dir: u32 = load<u8>(template, CT_TEMPLATE_DIR)
    return (dir & DIR_ORIGINAL ? id : 0) | ((dir & DIR_REPLY ? id : 0) << 16)
  }
}
