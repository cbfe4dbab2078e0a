/** The ends of listed connections: workloads and ranges of addresses that nobody in the cluster has. */
import type { Pod } from '../../apiserver/types/index.ts'
import { rangeText, type AddressRange } from '../../policy/evaluate/address.ts'
import type { ClusterView } from '../view.ts'
import { workloads, type Workload } from '../workload.ts'

export interface WorkloadPeer {
  readonly kind: 'workload'
  /** `namespace/name[Kind]`. */
  readonly label: string
  readonly namespace: string
  readonly name: string
  readonly workloadKind: string
  readonly pods: readonly Pod[]
}

export interface ExternalPeer {
  readonly kind: 'external'
  /** `a.b.c.d-e.f.g.h[External]`. */
  readonly label: string
  readonly range: AddressRange
}

export type Peer = WorkloadPeer | ExternalPeer

export function workloadPeers(view: ClusterView): WorkloadPeer[] {
  return workloads(view).map(({ kind, namespace, name, pods }) => ({
    kind: 'workload',
    label: workloadLabel({ kind, namespace, name }),
    namespace,
    name,
    workloadKind: kind,
    pods,
  }))
}

/** As `parseReference` takes it. */
export function workloadLabel({
  kind,
  namespace,
  name,
}: Pick<Workload, 'kind' | 'namespace' | 'name'>): string {
  return `${namespace}/${name}[${kind}]`
}

export function externalPeer(range: AddressRange): ExternalPeer {
  return { kind: 'external', label: `${rangeText(range)}[External]`, range }
}
