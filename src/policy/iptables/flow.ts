/**
 * Which way packets of a connection go. Policies are about the direction in which a connection was begun, so replies
 * meet the same rules mirrored: where a packet of the side that began it has its source, a reply has its destination.
 * (At FORWARD both have the addresses that policies are about: replies are translated back at PREROUTING and POSTROUTING.)
 */
import type { Direction } from '../plan/plan.ts'

export type Flow = 'original' | 'reply'

export type Side = 'src' | 'dst'

/** Where a packet has the address of the pod that is policed. */
export function subjectSide(direction: Direction, flow: Flow): Side {
  return (direction === 'egress') === (flow === 'original') ? 'src' : 'dst'
}

/** Where it has the other end's. */
export function peerSide(direction: Direction, flow: Flow): Side {
  return opposite(subjectSide(direction, flow))
}

/** Where it has the port that the connection was made to. */
export function portSide(flow: Flow): Side {
  return flow === 'original' ? 'dst' : 'src'
}

export function opposite(side: Side): Side {
  return side === 'src' ? 'dst' : 'src'
}
