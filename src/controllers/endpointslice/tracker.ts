/**
 * What the controller has written and may not have seen come back (endpointslice/endpointslice_tracker.go): syncing over
 * a stale copy would make slices twice.
 */
import type { EndpointSlice } from '../../apiserver/index.ts'

const DELETED = -1

export class SliceTracker {
  /** Generation last written, by service key and slice uid. */
  readonly #written = new Map<string, Map<string, number>>()

  wrote(service: string, { metadata }: EndpointSlice): void {
    this.#of(service).set(metadata.uid, metadata.generation ?? 0)
  }

  removed(service: string, { metadata }: EndpointSlice): void {
    this.#of(service).set(metadata.uid, DELETED)
  }

  /** Whether the copy lacks something that was written, or still has something deleted. */
  isStale(service: string, slices: readonly EndpointSlice[]): boolean {
    const written = this.#written.get(service)
    if (written === undefined) return false
    const seen = new Map(slices.map(({ metadata }) => [metadata.uid, metadata.generation ?? 0]))
    for (const [uid, generation] of written) {
      const have = seen.get(uid)
      if (generation === DELETED ? have !== undefined : have === undefined || have < generation) return true
    }
    return false
  }

  /** Whether a change seen in the copy is somebody else's. */
  isForeign(service: string, { metadata }: EndpointSlice): boolean {
    return this.#written.get(service)?.get(metadata.uid) !== (metadata.generation ?? 0)
  }

  /** The slice went. True when nobody here had deleted it. */
  gone(service: string, { metadata }: EndpointSlice): boolean {
    const written = this.#written.get(service)
    const expected = written?.get(metadata.uid) === DELETED
    written?.delete(metadata.uid)
    return !expected
  }

  forget(service: string): void {
    this.#written.delete(service)
  }

  #of(service: string): Map<string, number> {
    let written = this.#written.get(service)
    if (written === undefined) this.#written.set(service, (written = new Map()))
    return written
  }
}
