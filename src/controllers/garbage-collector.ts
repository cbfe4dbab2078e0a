/**
 * Deletes what has lost its owner (pkg/controller/garbagecollector): an object all of whose owners are gone goes too; an
 * owner deleted in the foreground waits for those that block it; one that orphans lets go of its own first.
 */
import {
  ApiError,
  findKind,
  kinds,
  type ApiClient,
  type KindDefinition,
  type KubeObject,
  type OwnerReference,
} from '../apiserver/index.ts'
import { WorkQueue } from '../informer/index.ts'
import type { ControllerContext } from './context.ts'

const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'

export function startGarbageCollector({ client, informers, clock, onError }: ControllerContext): void {
  /** Everything, by uid, with its kind. */
  const objects = new Map<string, { readonly kind: KindDefinition; object: KubeObject }>()
  const dependents = new Map<string, Set<string>>()
  const queue = new WorkQueue({ clock, work: attempt, ...(onError && { onError }) })

  for (const kind of kinds)
    informers.informer(kind).addHandler({
      added: (object) => seen(kind, object),
      updated: (old, object) => {
        if (old.metadata.ownerReferences !== object.metadata.ownerReferences) unlink(old)
        seen(kind, object)
      },
      deleted: (object) => {
        unlink(object)
        objects.delete(object.metadata.uid)
        for (const uid of dependents.get(object.metadata.uid) ?? []) queue.add(uid)
        for (const { uid } of object.metadata.ownerReferences ?? []) if (objects.has(uid)) queue.add(uid)
      },
    })

  function seen(kind: KindDefinition, object: KubeObject): void {
    const { uid, ownerReferences = [], deletionTimestamp } = object.metadata
    objects.set(uid, { kind, object })
    for (const owner of ownerReferences) {
      const set = dependents.get(owner.uid)
      if (set === undefined) dependents.set(owner.uid, new Set([uid]))
      else set.add(uid)
      // An owner that the graph does not have may be gone for ever.
      if (!objects.has(owner.uid)) queue.add(uid)
    }
    if (deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length > 0) queue.add(uid)
  }

  function unlink({ metadata }: KubeObject): void {
    for (const owner of metadata.ownerReferences ?? []) {
      const set = dependents.get(owner.uid)
      set?.delete(metadata.uid)
      if (set?.size === 0) dependents.delete(owner.uid)
    }
  }

  function attempt(uid: string): void {
    const found = objects.get(uid)
    if (found === undefined) return
    const { kind, object } = found
    const { deletionTimestamp, finalizers = [], ownerReferences = [] } = object.metadata
    if (deletionTimestamp !== undefined) {
      if (finalizers.includes(FOREGROUND)) waitForDependents(kind, object)
      else if (finalizers.includes(ORPHAN)) letGo(kind, object)
      return
    }
    if (ownerReferences.length === 0) return
    const missing = ownerReferences.filter((owner) => !exists(client, owner, object.metadata.namespace))
    if (missing.length === 0) return
    if (missing.length === ownerReferences.length) remove(kind, object, { propagationPolicy: 'Background' })
    else
      patchOwners(
        kind,
        object,
        ownerReferences.filter((owner) => !missing.includes(owner)),
      )
  }

  function waitForDependents(kind: KindDefinition, owner: KubeObject): void {
    const blocking = dependentsOf(owner).filter(({ object }) =>
      object.metadata.ownerReferences!.some(
        ({ uid, blockOwnerDeletion }) => uid === owner.metadata.uid && blockOwnerDeletion === true,
      ),
    )
    if (blocking.length === 0) dropFinalizer(kind, owner, FOREGROUND)
    for (const dependent of dependentsOf(owner))
      if (dependent.object.metadata.deletionTimestamp === undefined)
        remove(dependent.kind, dependent.object, { propagationPolicy: 'Foreground' })
  }

  function letGo(kind: KindDefinition, owner: KubeObject): void {
    for (const dependent of dependentsOf(owner))
      patchOwners(
        dependent.kind,
        dependent.object,
        dependent.object.metadata.ownerReferences!.filter(({ uid }) => uid !== owner.metadata.uid),
      )
    dropFinalizer(kind, owner, ORPHAN)
  }

  function dependentsOf({ metadata }: KubeObject) {
    return Array.from(dependents.get(metadata.uid) ?? [], (uid) => objects.get(uid)!).filter(
      (found) => found !== undefined,
    )
  }

  function remove(
    kind: KindDefinition,
    { metadata }: KubeObject,
    options: { propagationPolicy: 'Background' | 'Foreground' },
  ): void {
    tolerant(() => client.delete(kind, ref(metadata), { ...options, preconditions: { uid: metadata.uid } }))
  }

  function patchOwners(
    kind: KindDefinition,
    { metadata }: KubeObject,
    ownerReferences: readonly OwnerReference[],
  ): void {
    mergePatch(kind, metadata, { uid: metadata.uid, ownerReferences })
  }

  function dropFinalizer(kind: KindDefinition, { metadata }: KubeObject, finalizer: string): void {
    mergePatch(kind, metadata, {
      uid: metadata.uid,
      finalizers: metadata.finalizers!.filter((name) => name !== finalizer),
    })
  }

  function mergePatch(kind: KindDefinition, metadata: KubeObject['metadata'], change: object): void {
    tolerant(() =>
      client.patch(kind, ref(metadata), { metadata: change }, { type: 'application/merge-patch+json' }),
    )
  }
}

/** Asks the server itself: a deletion must not rest on a copy that may be old. An owner of a kind unknown here is taken to exist. */
function exists(client: ApiClient, owner: OwnerReference, namespace: string | undefined): boolean {
  const kind = findKind(owner)
  if (kind === undefined) return true
  const found = client.find(kind, owner.name, kind.namespaced ? namespace : undefined)
  return found?.metadata.uid === owner.uid
}

function ref({ name, namespace }: KubeObject['metadata']): { name: string; namespace?: string } {
  return { name, ...(namespace !== undefined && { namespace }) }
}

function tolerant(request: () => void): void {
  try {
    request()
  } catch (error) {
    if (!(error instanceof ApiError && (error.reason === 'NotFound' || error.reason === 'Conflict')))
      throw error
  }
}
