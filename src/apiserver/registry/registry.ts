/** The table of kinds. Adding a kind is adding its definition here. */
import type { KubeObject } from '../types/index.ts'
import { apiVersionOf, type KindDefinition } from './kind.ts'
import { clusternetworkpolicies } from './kinds/clusternetworkpolicy.ts'
import { cronjobs } from './kinds/cronjob.ts'
import { configmaps } from './kinds/configmap.ts'
import { endpointslices } from './kinds/endpointslice.ts'
import { jobs } from './kinds/job.ts'
import { namespaces } from './kinds/namespace.ts'
import { networkpolicies } from './kinds/networkpolicy.ts'
import { nodes } from './kinds/node.ts'
import { pods } from './kinds/pod.ts'
import { replicationcontrollers } from './kinds/replicationcontroller.ts'
import { services } from './kinds/service.ts'
import { daemonsets, deployments, replicasets, statefulsets } from './kinds/workloads.ts'

export {
  clusternetworkpolicies,
  configmaps,
  cronjobs,
  daemonsets,
  deployments,
  endpointslices,
  jobs,
  namespaces,
  networkpolicies,
  nodes,
  pods,
  replicasets,
  replicationcontrollers,
  services,
  statefulsets,
}

/** Every kind, in the order in which a manifest that holds several should be created. */
export const kinds: readonly KindDefinition[] = [
  namespaces,
  nodes,
  configmaps,
  services,
  endpointslices,
  networkpolicies,
  clusternetworkpolicies,
  daemonsets,
  deployments,
  replicasets,
  replicationcontrollers,
  statefulsets,
  cronjobs,
  jobs,
  pods,
]

const byResource = new Map(kinds.map((kind) => [`${kind.group}/${kind.version}/${kind.resource}`, kind]))
const byKind = new Map(kinds.map((kind) => [`${apiVersionOf(kind)}/${kind.kind}`, kind]))

export function findResource(group: string, version: string, resource: string): KindDefinition | undefined {
  return byResource.get(`${group}/${version}/${resource}`)
}

/** The kind of an object by its `apiVersion` and `kind`. */
export function findKind({
  apiVersion,
  kind,
}: Pick<KubeObject, 'apiVersion' | 'kind'>): KindDefinition | undefined {
  return byKind.get(`${apiVersion}/${kind}`)
}
