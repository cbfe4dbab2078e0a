/**
 * Evaluators that hold what the view holds. Objects of the apiserver are frozen and shared: one that is the same object
 * has not changed, so an evaluator is brought up to date by telling it only of what has.
 */
import type { KubeObject } from '../../apiserver/types/index.ts'
import {
  DEFAULT_POLICY_OPTIONS,
  Evaluator,
  PolicyError,
  type PolicyObject,
  type PolicyOptions,
} from '../../policy/evaluate/index.ts'
import { Problem, type Place } from '../../kernel/problem.ts'
import { nameOf, type ClusterView } from '../view.ts'

type Listed = (view: ClusterView) => readonly KubeObject[]

/** In the order in which they are told: what others refer to comes first. */
const KINDS: readonly Listed[] = [
  (view) => view.namespaces(),
  (view) => view.nodes(),
  (view) => view.pods(),
  (view) => view.networkPolicies(),
  (view) => view.clusterNetworkPolicies(),
]

interface Mirrored {
  readonly evaluator: Evaluator
  /** The list of each kind as it was last told, and what was in it. */
  readonly lists: (readonly KubeObject[] | undefined)[]
  readonly known: Map<string, KubeObject>[]
}

/** Where the object is written, for one that cannot be evaluated. */
export type PlaceOfObject = (object: KubeObject, field: string | undefined) => Place

export class EvaluatorMirror {
  readonly #view: ClusterView
  readonly #placeOf: PlaceOfObject
  readonly #mirrored = new Map<string, Mirrored>()

  constructor(view: ClusterView, placeOf: PlaceOfObject = () => ({})) {
    this.#view = view
    this.#placeOf = placeOf
  }

  /** The same evaluator for the same options each time, as up to date as the view. @throws Problem for an object that cannot be evaluated */
  evaluator(options: Partial<PolicyOptions> = {}): Evaluator {
    const whole = { ...DEFAULT_POLICY_OPTIONS, ...options }
    const key = JSON.stringify(Object.entries(whole).sort(([a], [b]) => (a < b ? -1 : 1)))
    let mirrored = this.#mirrored.get(key)
    if (mirrored === undefined) {
      mirrored = {
        evaluator: new Evaluator(undefined, whole),
        lists: KINDS.map(() => undefined),
        known: KINDS.map(() => new Map()),
      }
      this.#mirrored.set(key, mirrored)
    }
    this.#update(mirrored)
    return mirrored.evaluator
  }

  #update({ evaluator, lists, known }: Mirrored): void {
    for (const [index, list] of KINDS.entries()) {
      const objects = list(this.#view)
      if (objects === lists[index]) continue
      const before = known[index] ?? new Map<string, KubeObject>()
      const now = new Map<string, KubeObject>()
      for (const object of objects) now.set(nameOf(object), object)
      for (const [name, { kind, metadata }] of before) {
        if (!now.has(name)) evaluator.remove(kind as PolicyObject['kind'], metadata.namespace, metadata.name)
      }
      for (const [name, object] of now) {
        if (before.get(name) !== object) this.#upsert(evaluator, object as PolicyObject)
      }
      lists[index] = objects
      known[index] = now
    }
  }

  #upsert(evaluator: Evaluator, object: PolicyObject): void {
    try {
      evaluator.upsert(object)
    } catch (error) {
      throw error instanceof PolicyError ? problemOf(error, this.#placeOf(object, error.field)) : error
    }
  }
}

function problemOf({ reason, object }: PolicyError, place: Place): Problem {
  const known = place.file !== undefined || place.line !== undefined || object === undefined
  return new Problem(known ? reason : `${object}: ${reason}`, place)
}

/** A question that the options make an error is a mistake of whoever asks. */
export function asProblems<T>(ask: () => T): T {
  try {
    return ask()
  } catch (error) {
    throw error instanceof PolicyError ? problemOf(error, {}) : error
  }
}
