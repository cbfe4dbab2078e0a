// A captured frame, in the list that the host empties: a head, then the frame's bytes, padded to 8.
//
//    0      4         8              16
//    | link | length  | time (u64 µs)| frame …

export const CAPTURE_LINK = 0
export const CAPTURE_LENGTH = 4
export const CAPTURE_TIME = 8
export const CAPTURE_HEAD = 16
