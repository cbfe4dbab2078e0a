/** Changes of a world: an object comes, takes the place of another version of it, or goes. */
import fc from 'fast-check'
import type { Evaluator, PolicyObject } from '../../../src/policy/evaluate/index.ts'
import { anyObject } from './world.ts'

export interface Change {
  readonly object: PolicyObject
  readonly gone: boolean
}

export const anyChange: fc.Arbitrary<Change> = fc.record({
  object: anyObject,
  gone: fc.oneof({ arbitrary: fc.constant(false), weight: 3 }, { arbitrary: fc.constant(true), weight: 1 }),
})

export function change(evaluator: Evaluator, { object, gone }: Change): void {
  const { kind, metadata } = object
  if (gone) evaluator.remove(kind, metadata.namespace, metadata.name)
  else evaluator.upsert(object)
}

/** What is there after these. */
export function afterChanges(changes: readonly Change[]): PolicyObject[] {
  const objects = new Map<string, PolicyObject>()
  for (const { object, gone } of changes) {
    const { kind, metadata } = object
    const key = `${kind} ${metadata.namespace}/${metadata.name}`
    if (gone) objects.delete(key)
    else objects.set(key, object)
  }
  return [...objects.values()]
}
