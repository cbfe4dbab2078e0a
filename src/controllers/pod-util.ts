/** Questions that several controllers ask of pods (pkg/api/v1/pod/util.go). */
import type { Condition, IntOrString, KubeObject, OwnerReference, Pod } from '../apiserver/index.ts'

export function podCondition(pod: Pod, type: string): Condition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type)
}

export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True'
}

/** Not going away and not done. */
export function isPodActive({ metadata, status }: Pod): boolean {
  return (
    status?.phase !== 'Succeeded' && status?.phase !== 'Failed' && metadata.deletionTimestamp === undefined
  )
}

export function isPodTerminal({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

/** Milliseconds until a ready pod counts as available; 0 when it does, undefined when it is not ready. */
export function availableIn(pod: Pod, minReadySeconds: number, now: number): number | undefined {
  const ready = podCondition(pod, 'Ready')
  if (ready?.status !== 'True') return undefined
  if (minReadySeconds <= 0) return 0
  const since = ready.lastTransitionTime === undefined ? now : Date.parse(ready.lastTransitionTime)
  return Math.max(0, since + 1000 * minReadySeconds - now)
}

export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)
}

export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid
}

/** A number, or a share of the total. */
export function scaledValue(value: IntOrString | undefined, total: number, round: 'up' | 'down'): number {
  if (value === undefined) return 0
  if (typeof value === 'number') return value
  const share = (Number.parseInt(value, 10) * total) / 100
  return round === 'up' ? Math.ceil(share) : Math.floor(share)
}

/** How the API's controllers number a template: FNV-1a of its text, spelled in letters that make no words. */
export function templateHash(template: unknown): string {
  const text = JSON.stringify(template, (_key, value: unknown) => (isPlain(value) ? sorted(value) : value))
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash ^= text.charCodeAt(index)
    hash = Math.imul(hash, 0x01000193) >>> 0
  }
  return Array.from(String(hash), (digit) => ALPHANUMERICS[digit.charCodeAt(0) % ALPHANUMERICS.length]).join(
    '',
  )
}

const ALPHANUMERICS = 'bcdfghjklmnpqrstvwxz2456789'

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sorted(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
