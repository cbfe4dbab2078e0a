// What LOG and NFLOG leave for the host: a trace record (src/abi/trace.ts), then the link-layer header with which the
// packet came in, then the packet's first bytes.
//
//    0              96           110   112      116    120
//    | trace record | link layer | pad | length | pad  | bytes ...    | 440

import { TRACE_SIZE } from './trace.ts'

/** Destination, source and type; zero for a packet that was made here. */
export const LOG_MAC = TRACE_SIZE
export const LOG_MAC_SIZE = 14
/** How many bytes follow. */
export const LOG_LENGTH = LOG_MAC + 16
export const LOG_BYTES = LOG_LENGTH + 8
/** Room for the bytes: headers, and those of the packet that an ICMP error is about. */
export const LOG_ROOM = 320
export const LOG_SIZE = LOG_BYTES + LOG_ROOM
