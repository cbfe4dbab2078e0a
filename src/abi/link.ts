// A network interface. Words are host order.
//
//    0                16       20     24      28      32           38    40     44      48     52
//    | name (NUL pad) | ifindex| netns| peer  | next  | mac        |0    | mtu  | flags | kind | addrs4
//    56       60       64                  128                 192
//    | addrs6 | id     | conf4 (CONF4_*)   | conf6 (CONF6_*)   |

import { CONF4_SIZE, CONF6_SIZE } from './conf.ts'

/** IFNAMSIZ bytes, zero padded, so that `-i name+` is a masked compare. */
export const LINK_NAME = 0
export const LINK_NAME_SIZE = 16
export const LINK_IFINDEX = LINK_NAME + LINK_NAME_SIZE
export const LINK_NETNS = LINK_IFINDEX + 4
/** The other end of a veth pair, 0 for others. */
export const LINK_PEER = LINK_NETNS + 4
export const LINK_NEXT = LINK_PEER + 4
export const LINK_MAC = LINK_NEXT + 4
export const LINK_MTU = LINK_MAC + 8
export const LINK_FLAGS = LINK_MTU + 4
export const LINK_KIND = LINK_FLAGS + 4
/** First IPv4 address record (list in order of addition, as in the kernel). */
export const LINK_ADDRS4 = LINK_KIND + 4
export const LINK_ADDRS6 = LINK_ADDRS4 + 4
/** Unique in the engine, from 1: what captures name the interface by. */
export const LINK_ID = LINK_ADDRS6 + 4
export const LINK_CONF4 = LINK_ID + 4
export const LINK_CONF6 = LINK_CONF4 + CONF4_SIZE
export const LINK_SIZE = LINK_CONF6 + CONF6_SIZE

export const LINK_F_UP = 1
/** IPv6 has been set up since the link went up (IF_READY): it needs a carrier. */
export const LINK_F_READY = 4
/** It was up at least once: its queueing discipline is no longer noop. */
export const LINK_F_WAS_UP = 8
/** Frames that arrive here are kept for the host. */
export const LINK_F_CAPTURE = 2

export const LINK_KIND_LOOPBACK = 1
export const LINK_KIND_VETH = 2
export const LINK_KIND_DUMMY = 3
