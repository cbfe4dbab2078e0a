/** Making pods from templates and taking them away, for the controllers that own pods. */
import {
  ApiError,
  pods,
  type ApiClient,
  type KubeObject,
  type New,
  type Pod,
  type PodTemplateSpec,
} from '../apiserver/index.ts'

/** The owner reference a controller puts on what it makes. */
export function controllerReference(owner: KubeObject) {
  const { apiVersion, kind, metadata } = owner
  return {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** The pod of a template, named after its owner. */
export function podFromTemplate(template: PodTemplateSpec, owner: KubeObject): New<Pod> {
  const { labels, annotations } = template.metadata ?? {}
  return {
    metadata: {
      generateName: `${owner.metadata.name}-`,
      ...(owner.metadata.namespace !== undefined && { namespace: owner.metadata.namespace }),
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
      ownerReferences: [controllerReference(owner)],
    },
    spec: template.spec,
  }
}

/** Deletes a pod that may be gone already. */
export function deletePod(client: ApiClient, { metadata }: Pod): void {
  const { name, namespace, uid } = metadata
  try {
    client.delete(pods, { name, ...(namespace !== undefined && { namespace }) }, { preconditions: { uid } })
  } catch (error) {
    if (!(error instanceof ApiError && (error.reason === 'NotFound' || error.reason === 'Conflict')))
      throw error
  }
}
