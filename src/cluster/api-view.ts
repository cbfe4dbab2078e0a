/** The cluster's objects as the apiserver has them now. A list is read once a revision. */
import {
  ApiClient,
  clusternetworkpolicies,
  deployments,
  endpointslices,
  findKind,
  namespaces,
  networkpolicies,
  nodes,
  pods,
  replicasets,
  cronjobs,
  daemonsets,
  jobs,
  replicationcontrollers,
  statefulsets,
  services,
  type ApiServer,
  type KindDefinition,
  type KubeObject,
} from '../apiserver/index.ts'
import { byName, type ClusterView } from './view.ts'

const OWNERS: Readonly<Record<string, KindDefinition>> = {
  Deployment: deployments as unknown as KindDefinition,
  ReplicaSet: replicasets as unknown as KindDefinition,
  ReplicationController: replicationcontrollers as unknown as KindDefinition,
  DaemonSet: daemonsets as unknown as KindDefinition,
  StatefulSet: statefulsets as unknown as KindDefinition,
  Job: jobs as unknown as KindDefinition,
  CronJob: cronjobs as unknown as KindDefinition,
}

export class ApiView implements ClusterView {
  readonly #server: ApiServer
  readonly #client: ApiClient
  readonly #lists = new Map<string, { readonly revision: number; readonly items: readonly KubeObject[] }>()

  constructor(server: ApiServer) {
    this.#server = server
    this.#client = new ApiClient(server, 'podwire')
  }

  nodes() {
    return this.#all(nodes)
  }

  pods() {
    return this.#all(pods)
  }

  services() {
    return this.#all(services)
  }

  endpointSlices() {
    return this.#all(endpointslices)
  }

  deployments() {
    return this.#all(deployments)
  }

  controllers() {
    return Object.values(OWNERS).flatMap((kind) => this.#all(kind))
  }

  namespaces() {
    return this.#all(namespaces)
  }

  networkPolicies() {
    return this.#all(networkpolicies)
  }

  clusterNetworkPolicies() {
    return this.#all(clusternetworkpolicies)
  }

  get(kind: string, namespace: string, name: string): KubeObject | undefined {
    const definition = OWNERS[kind] ?? findKind({ apiVersion: 'v1', kind })
    return definition === undefined
      ? undefined
      : this.#client.find(definition, name, definition.namespaced ? namespace : undefined)
  }

  #all<T extends KubeObject>(kind: KindDefinition<T>): readonly T[] {
    const { revision } = this.#server
    const known = this.#lists.get(kind.resource)
    if (known?.revision === revision) return known.items as readonly T[]
    const items = this.#client.list(kind).items.toSorted(byName)
    this.#lists.set(kind.resource, { revision, items })
    return items
  }
}
