/** A cluster moved timer by timer, to look at every state between a change and its effect. */
import type { Cluster } from '../cluster/cluster.ts'

/** Fires the next timer alone. False when nothing is pending but what recurs. */
export function stepClock({ clock, engine }: Cluster): boolean {
  if (clock.pending === 0 || !clock.step()) return false
  engine.advanceTo(clock.now())
  return true
}
