// A TCP connection that a listening socket has accepted. Ports in network order, sequence numbers in host order.
//
//    0       16       32      36      38      40    42       44      48      52      56
//    | local | remote | netns | lport | rport |state|        | next  | snd   | rcv   | socket

export const CONNECTION_LOCAL = 0
export const CONNECTION_REMOTE = 16
export const CONNECTION_NETNS = 32
export const CONNECTION_LPORT = 36
export const CONNECTION_RPORT = 38
/** CONNECTION_OPEN, CONNECTION_LAST_ACK. */
export const CONNECTION_STATE = 40
/** Next in the hash bucket, or of the free list. */
export const CONNECTION_NEXT = 44
/** Next sequence number to send. */
export const CONNECTION_SND = 48
/** Next sequence number expected. */
export const CONNECTION_RCV = 52
export const CONNECTION_SOCKET = 56
export const CONNECTION_SIZE = 64

export const CONNECTION_OPEN = 1
export const CONNECTION_LAST_ACK = 2
