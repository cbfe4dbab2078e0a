/** The pods of the cluster by the names of their ports. */
import type { MemberListener } from './members.ts'
import type { PodFacts } from './pod-facts.ts'

export class PortNames {
  readonly #pods = new Map<string, PodFacts>()
  readonly #byName = new Map<string, Set<PodFacts>>()
  readonly #listeners = new Map<string, MemberListener>()

  setPod(facts: PodFacts): void {
    this.deletePod(facts.key)
    this.#pods.set(facts.key, facts)
    for (const name of namesOf(facts)) {
      const pods = this.#byName.get(name)
      if (pods === undefined) this.#byName.set(name, new Set([facts]))
      else pods.add(facts)
      this.#listeners.get(name)?.added(facts)
    }
  }

  deletePod(key: string): void {
    const facts = this.#pods.get(key)
    if (facts === undefined) return
    this.#pods.delete(key)
    for (const name of namesOf(facts)) {
      const pods = this.#byName.get(name)!
      pods.delete(facts)
      if (pods.size === 0) this.#byName.delete(name)
      this.#listeners.get(name)?.removed(facts)
    }
  }

  /** Pods that have such a port are told at once. One listener a name. */
  watch(name: string, listener: MemberListener): void {
    this.#listeners.set(name, listener)
    for (const facts of this.#byName.get(name) ?? []) listener.added(facts)
  }

  unwatch(name: string): void {
    this.#listeners.delete(name)
  }
}

function namesOf({ ports }: PodFacts): ReadonlySet<string> {
  return new Set(ports.map(({ name }) => name))
}
