// What the protocol trackers answer besides NF_ACCEPT. The kernel negates verdicts for this; here they have names.

/** The packet is no valid part of the connection: it goes on without an entry. */
export const TRACK_INVALID = -1
/** The entry was given up for a new connection: look the tuple up again (-NF_REPEAT). */
export const TRACK_REPEAT = -4
/** In the place of an entry's address: none could be made, for want of room. */
export const RESOLVE_FULL: usize = 1
