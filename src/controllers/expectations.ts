/**
 * What a controller has asked for and has not yet seen (pkg/controller/controller_utils.go: UIDTrackingControllerExpectations):
 * while it waits, it must not ask again. An expectation that is not met in five minutes is given up.
 */
import type { Clock } from '../sim/clock.ts'

const TIMEOUT = 300_000

interface Expectation {
  /** Names of objects that are to appear, uids of those that are to go. */
  readonly creations: Set<string>
  readonly deletions: Set<string>
  since: number
}

export class Expectations {
  readonly #clock: Clock
  readonly #byKey = new Map<string, Expectation>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  expectCreation(key: string, name: string): void {
    this.#of(key).creations.add(name)
  }

  expectDeletion(key: string, uid: string): void {
    this.#of(key).deletions.add(uid)
  }

  created(key: string, name: string): void {
    this.#byKey.get(key)?.creations.delete(name)
  }

  deleted(key: string, uid: string): void {
    this.#byKey.get(key)?.deletions.delete(uid)
  }

  satisfied(key: string): boolean {
    const expectation = this.#byKey.get(key)
    if (expectation === undefined) return true
    const { creations, deletions, since } = expectation
    return creations.size + deletions.size === 0 || this.#clock.now() - since > TIMEOUT
  }

  forget(key: string): void {
    this.#byKey.delete(key)
  }

  #of(key: string): Expectation {
    let expectation = this.#byKey.get(key)
    if (expectation === undefined || this.satisfied(key)) {
      expectation = { creations: new Set(), deletions: new Set(), since: this.#clock.now() }
      this.#byKey.set(key, expectation)
    }
    expectation.since = this.#clock.now()
    return expectation
  }
}
