// A socket that listens: TCP accepts, UDP answers with what it got.
//
//    0       16       20     24     26      28      32     36
//    | addr  | family | next | port | proto | flags | uid  | gid |

export const SOCKET_ADDR = 0
/** 2, 10, or 0 for both (addr all zero then). */
export const SOCKET_FAMILY = SOCKET_ADDR + 16
export const SOCKET_NEXT = SOCKET_FAMILY + 4
/** Network order. */
export const SOCKET_PORT = SOCKET_NEXT + 4
export const SOCKET_PROTO = SOCKET_PORT + 2
export const SOCKET_FLAGS = SOCKET_PROTO + 2
export const SOCKET_UID = SOCKET_FLAGS + 4
export const SOCKET_SIZE = 64

/** What it receives is not answered (a client's socket; frames are counted). */
export const SOCKET_F_SILENT = 1
