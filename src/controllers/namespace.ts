/** Empties a namespace that is being deleted, then lets it go (pkg/controller/namespace). */
import { kinds, namespaces, pods } from '../apiserver/index.ts'
import { keyOf, WorkQueue } from '../informer/index.ts'
import type { ControllerContext } from './context.ts'

export function startNamespaceController({ client, informers, clock, onError }: ControllerContext): void {
  const informer = informers.informer(namespaces)
  const queue = new WorkQueue({ clock, work: sync, ...(onError && { onError }) })
  informer.addHandler({
    added: (object) => queue.add(keyOf(object)),
    updated: (_old, object) => queue.add(keyOf(object)),
  })
  // Pods go last and slowly: with the last of them the namespace can go.
  informers.informer(pods).addHandler({
    deleted: ({ metadata }) => {
      if (informer.lister.getByKey(metadata.namespace!)?.metadata.deletionTimestamp !== undefined)
        queue.add(metadata.namespace!)
    },
  })

  function sync(name: string): void {
    const namespace = informer.lister.getByKey(name)
    if (namespace?.metadata.deletionTimestamp === undefined) return
    let left = 0
    for (const kind of kinds) {
      if (!kind.namespaced) continue
      const { group, version, resource } = kind
      client.send({
        verb: 'deletecollection',
        group,
        version,
        resource,
        namespace: name,
        body: { propagationPolicy: 'Background' },
      })
      left += client.list(kind, { namespace: name }).items.length
    }
    if (left > 0) return
    client.send({
      verb: 'update',
      group: '',
      version: 'v1',
      resource: 'namespaces',
      subresource: 'finalize',
      name,
      body: { ...namespace, spec: { finalizers: [] } },
    })
  }
}
