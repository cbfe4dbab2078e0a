/** The parts that edge cases are written of: the people of their world, and policies in a line. */
import { parseAllDocuments } from 'yaml'
import type {
  ClusterNetworkPolicy,
  Deployment,
  KubeObject,
  Namespace,
  NetworkPolicy,
  Pod,
  Service,
  StatefulSet,
} from '../../apiserver/index.ts'
import type { ClusterPlan, FinishedPod } from '../arbitraries/cluster.ts'
import type { Manifest } from '../arbitraries/manifest.ts'

export interface EdgeCase {
  /** What it is about. */
  readonly name: string
  readonly plan: ClusterPlan
}

/**
 * The same people everywhere: `http` is another number, another protocol or a sidecar's in each pod; one pod has no
 * labels, one is of the host's network; namespaces differ by a label.
 */
export const WORLD = `
{ apiVersion: v1, kind: Namespace, metadata: { name: default, labels: { team: red } } }
---
{ apiVersion: v1, kind: Namespace, metadata: { name: prod, labels: { team: blue } } }
---
{ apiVersion: v1, kind: Namespace, metadata: { name: tools } }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: default, labels: { app: web } }
spec: { nodeName: node-1, containers: [{ name: c, image: x, ports: [{ name: http, containerPort: 80 }, { containerPort: 53, protocol: UDP }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: default, labels: { app: db } }
spec: { nodeName: node-2, containers: [{ name: c, image: x, ports: [{ name: http, containerPort: 8080 }, { containerPort: 80 }, { containerPort: 8080, protocol: SCTP }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: host, namespace: default, labels: { app: host } }
spec: { nodeName: node-2, hostNetwork: true, containers: [{ name: c, image: x }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: prod, labels: { app: web } }
spec:
  nodeName: node-2
  containers: [{ name: c, image: x, ports: [{ containerPort: 80 }] }]
  initContainers: [{ name: s, image: x, restartPolicy: Always, ports: [{ name: http, containerPort: 8443 }] }]
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: prod, labels: { app: db } }
spec: { nodeName: node-1, containers: [{ name: c, image: x, ports: [{ name: http, containerPort: 80, protocol: UDP }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: plain, namespace: prod }
spec: { nodeName: node-1, containers: [{ name: c, image: x, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: tool, namespace: tools, labels: { app: tool } }
spec: { nodeName: node-1, containers: [{ name: c, image: x }] }
`

export function netpol(namespace: string, name: string, spec: string): string {
  return `---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: ${spec}\n`
}

export function cnp(name: string, spec: string): string {
  return `---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: { name: ${name} }\nspec: ${spec}\n`
}

/** A peer: every pod. */
export const EVERYBODY = '{ namespaceSelector: {} }'

export function planOf(text: string, finished: readonly FinishedPod[] = []): ClusterPlan {
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Manifest<KubeObject>)
  const of = <T extends KubeObject>(kind: string): readonly Manifest<T>[] =>
    objects.filter((object) => object.kind === kind) as unknown as readonly Manifest<T>[]
  return {
    nodes: 2,
    nodeLabels: [],
    namespaces: of<Namespace>('Namespace'),
    pods: of<Pod>('Pod'),
    finished,
    deployments: of<Deployment>('Deployment'),
    statefulSets: of<StatefulSet>('StatefulSet'),
    services: of<Service>('Service'),
    networkPolicies: of<NetworkPolicy>('NetworkPolicy'),
    clusterNetworkPolicies: of<ClusterNetworkPolicy>('ClusterNetworkPolicy'),
  }
}
