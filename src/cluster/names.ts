/** What people call a namespace: `pod default/web-0`, `node-1`, `the outside host`. */
import { FABRIC, OUTSIDE, podNetns } from './topology/pieces.ts'
import type { World } from './world.ts'

export function namesOf({ view }: Pick<World, 'view'>, netns: string): string {
  if (netns === FABRIC) return 'the fabric'
  if (netns === OUTSIDE) return 'the outside host'
  const pod = view
    .pods()
    .find(({ metadata: { namespace = '', name } }) => podNetns(namespace, name) === netns)
  return pod === undefined ? netns : `pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name}`
}
