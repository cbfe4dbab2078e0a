/**
 * Clusters that stand on the edges of the APIs: each line of these policies is one that some product got wrong. Shipped
 * properties begin with them before they draw anything, so that a mistake that has been made before is found at once.
 * What a campaign finds is added here.
 */
import { parseAllDocuments } from 'yaml'
import type {
  ClusterNetworkPolicy,
  Deployment,
  KubeObject,
  Labels,
  Namespace,
  NetworkPolicy,
  Pod,
  Service,
  StatefulSet,
} from '../apiserver/index.ts'
import type { ClusterPlan, FinishedPod } from './arbitraries/cluster.ts'
import type { Manifest } from './arbitraries/manifest.ts'

export interface EdgeCase {
  readonly name: string
  readonly plan: ClusterPlan
}

/**
 * The same people everywhere: `http` is another number, another protocol or a sidecar's in each pod; one pod has no
 * labels, one is of the host's network; namespaces differ by a label.
 */
const WORLD = `
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

function netpol(namespace: string, name: string, spec: string): string {
  return `---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: ${spec}\n`
}

function cnp(name: string, spec: string): string {
  return `---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: { name: ${name} }\nspec: ${spec}\n`
}

const everybody = '{ namespaceSelector: {} }'

export const EDGE_CASES: readonly EdgeCase[] = [
  {
    name: 'a named port is the destination pod’s, by name and protocol (5a.16)',
    plan: planOf(
      WORLD +
        netpol('default', 'in', `{ podSelector: {}, ingress: [{ ports: [{ port: http }] }] }`) +
        netpol('prod', 'in', `{ podSelector: {}, ingress: [{ ports: [{ port: http }] }] }`) +
        netpol(
          'tools',
          'out',
          `{ podSelector: {}, policyTypes: [Egress], egress: [{ ports: [{ port: http }] }] }`,
        ),
    ),
  },
  {
    name: 'ranges end where they say, entries without a number are all ports of a protocol (5a.4, 5, 18, 27)',
    plan: planOf(
      WORLD +
        netpol(
          'default',
          'web',
          `{ podSelector: { matchLabels: { app: web } }, ingress: [{ ports: [{ port: 80, endPort: 82 }] }] }`,
        ) +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [{ ports: [{ protocol: SCTP, port: 8080 }] }] }`,
        ) +
        netpol('prod', 'web', `{ podSelector: { matchLabels: { app: web } }, ingress: [{ ports: [{}] }] }`) +
        netpol(
          'prod',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [{ from: [${everybody}] }] }`,
        ),
    ),
  },
  {
    name: 'ranges inside others, numbers with a port between (5a.5)',
    plan: planOf(
      WORLD +
        netpol(
          'default',
          'web',
          `{ podSelector: { matchLabels: { app: web } }, ingress: [{ ports: [{ port: 80, endPort: 90 }, { port: 82, endPort: 84 }] }] }`,
        ) +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [{ ports: [{ port: 80 }, { port: 82 }] }] }`,
        ),
    ),
  },
  {
    name: 'more ranges than one match has room for (5a.5)',
    plan: planOf(
      WORLD +
        netpol(
          'prod',
          'all',
          `{ podSelector: {}, ingress: [{ ports: [${manyRanges(7)}, { port: 8080, endPort: 8081 }] }] }`,
        ),
    ),
  },
  {
    name: 'every except counts: of everything, two of one network, one network twice (5a.7)',
    plan: planOf(
      WORLD +
        netpol(
          'default',
          'web',
          `{ podSelector: { matchLabels: { app: web } }, ingress: [
             { from: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.244.1.0/24] } }, { ipBlock: { cidr: '::/0', except: ['fd00:10:244:1::/64'] } }] }] }`,
        ) +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [
             { from: [{ ipBlock: { cidr: '::/0', except: ['2001:db8::/32', 'fd00:10:244:1::/64'] } }, { ipBlock: { cidr: 10.0.0.0/8, except: [10.0.0.0/9, 10.244.1.0/24] } }] }] }`,
        ) +
        netpol(
          'prod',
          'web',
          `{ podSelector: { matchLabels: { app: web } }, ingress: [
             { from: [{ ipBlock: { cidr: 10.244.0.0/16, except: [10.244.0.0/24] } }, { ipBlock: { cidr: 10.244.0.0/16, except: [10.244.1.0/24] } },
                      { ipBlock: { cidr: '::/0' } }] }] }`,
        ),
    ),
  },
  {
    name: 'an except takes from its own peer only, and an ipBlock holds pods (5a.7, 19)',
    plan: planOf(
      WORLD +
        netpol(
          'default',
          'web',
          `{ podSelector: { matchLabels: { app: web } }, ingress: [
             { from: [{ ipBlock: { cidr: 10.244.0.0/16, except: [10.244.1.0/24] } }, { ipBlock: { cidr: 'fd00:10:244::/56', except: ['fd00:10:244:1::/64'] } }] },
             { from: [{ podSelector: { matchLabels: { app: db } } }], ports: [{ port: 80 }] }] }`,
        ) +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [
             { from: [{ ipBlock: { cidr: 0.0.0.0/0, except: [198.51.100.0/24] } }, { ipBlock: { cidr: 198.51.0.0/16 } }] }] }`,
        ),
    ),
  },
  {
    name: 'selectors: own namespace, both in one peer, all namespaces, by name, lacking the key (5a.3, 8, 9, 10, 12, 22)',
    plan: planOf(
      WORLD +
        netpol(
          'default',
          'web',
          `{ podSelector: { matchLabels: { app: web } }, ingress: [
             { from: [{ podSelector: { matchLabels: { app: db } } }, { podSelector: { matchLabels: { app: host } } }] },
             { ports: [{ port: 81 }] }] }`,
        ) +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [
             { from: [{ namespaceSelector: { matchLabels: { team: blue } }, podSelector: { matchLabels: { app: web } } }] },
             { from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: tools } } }] }] }`,
        ) +
        netpol(
          'prod',
          'web',
          `{ podSelector: { matchLabels: { app: web } }, ingress: [{ from: [${everybody}] }] }`,
        ) +
        netpol(
          'prod',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: app, operator: NotIn, values: [web] }] } }] }] }`,
        ) +
        netpol(
          'prod',
          'plain',
          `{ podSelector: { matchExpressions: [{ key: app, operator: DoesNotExist }] }, ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [web, other] }] } }] }] }`,
        ),
    ),
  },
  {
    name: 'requirements: the second value, the empty value, a key that must not be there (5a.10)',
    plan: planOf(
      WORLD +
        `---
apiVersion: v1
kind: Pod
metadata: { name: empty, namespace: default, labels: { tier: '' } }
spec: { nodeName: node-1, containers: [{ name: c, image: x }] }
` +
        netpol(
          'default',
          'web',
          `{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [other, web] }] }, ingress: [
             { from: [{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [other, db] }] } }] },
             { from: [{ podSelector: { matchLabels: { tier: '' } } }], ports: [{ port: 80 }] }] }`,
        ) +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [
             { from: [{ podSelector: { matchExpressions: [{ key: tier, operator: Exists }] } }] },
             { from: [{ namespaceSelector: {}, podSelector: { matchExpressions: [{ key: app, operator: DoesNotExist }, { key: tier, operator: DoesNotExist }] } }] }] }`,
        ),
    ),
  },
  {
    name: 'directions: what is listed, what is filled in, what is inert; rules do not mix (5a.1, 2, 11, 14)',
    plan: planOf(
      WORLD +
        netpol(
          'default',
          'web',
          `{ podSelector: { matchLabels: { app: web } }, egress: [{ to: [{ podSelector: { matchLabels: { app: db } } }] }] }`,
        ) +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, policyTypes: [Ingress], ingress: [
             { from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 80 }] },
             { from: [{ namespaceSelector: { matchLabels: { team: blue } } }], ports: [{ port: 8080 }] }],
             egress: [{ ports: [{ port: 443 }] }] }`,
        ) +
        netpol(
          'prod',
          'web',
          `{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [] }`,
        ),
    ),
  },
  {
    name: 'tiers: Pass, priorities, no isolation, Baseline behind NetworkPolicies, one direction at a time (5b.1 to 4)',
    plan: planOf(
      WORLD +
        cnp(
          'first',
          `{ tier: Admin, priority: 1, subject: { namespaces: { matchLabels: { team: red } } }, ingress: [
             { action: Pass, from: [{ pods: { namespaceSelector: { matchLabels: { team: blue } }, podSelector: { matchLabels: { app: web } } } }] }] }`,
        ) +
        cnp(
          'second',
          `{ tier: Admin, priority: 5, subject: { namespaces: {} }, ingress: [
             { action: Deny, from: [{ namespaces: { matchLabels: { team: blue } } }], protocols: [{ tcp: { destinationPort: { range: { start: 79, end: 8079 } } } }] }] }`,
        ) +
        cnp(
          'base',
          `{ tier: Baseline, priority: 0, subject: { namespaces: {} }, ingress: [
             { action: Deny, from: [{ namespaces: {} }], protocols: [{ tcp: { destinationPort: { number: 8080 } } }] }],
             egress: [{ action: Deny, to: [{ networks: [198.51.100.0/24, '2001:db8:100::/64'] }] }] }`,
        ) +
        netpol(
          'default',
          'web',
          `{ podSelector: { matchLabels: { app: web } }, ingress: [{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: web } } }] }] }`,
        ) +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [{ ports: [{ port: 8080 }] }] }`,
        ),
    ),
  },
  {
    name: 'rules of ClusterNetworkPolicies: protocols, named ports, nodes (5b.6, 8, 9)',
    plan: planOf(
      WORLD +
        cnp(
          'admin',
          `{ tier: Admin, priority: 3, subject: { namespaces: {} }, ingress: [
             { action: Deny, from: [{ namespaces: {} }], protocols: [{ destinationNamedPort: http }] },
             { action: Deny, from: [{ namespaces: { matchLabels: { team: red } } }], protocols: [{ udp: { destinationPort: { number: 53 } } }] },
             { action: Deny, from: [{ namespaces: { matchLabels: { team: blue } } }], protocols: [{ sctp: {} }] }],
             egress: [
             { action: Deny, to: [{ nodes: { matchLabels: { kubernetes.io/hostname: node-1 } } }], protocols: [{ tcp: { destinationPort: { number: 80 } } }] }] }`,
        ) +
        netpol(
          'default',
          'all',
          `{ podSelector: {}, policyTypes: [Egress], egress: [{ to: [${everybody}] }] }`,
        ),
    ),
  },
  {
    name: 'the Baseline tier alone denies pods their nodes (5b.1, 6)',
    plan: planOf(
      WORLD +
        cnp(
          'base',
          `{ tier: Baseline, priority: 0, subject: { namespaces: {} }, egress: [{ action: Deny, to: [{ nodes: {} }] }] }`,
        ),
    ),
  },
  {
    name: 'everything outside of the cluster is denied, and neighbours are found (5a.27)',
    plan: planOf(
      WORLD +
        cnp(
          'closed',
          `{ tier: Admin, priority: 0, subject: { namespaces: {} }, egress: [
             { action: Accept, to: [{ namespaces: {} }] }, { action: Deny, to: [{ nodes: {} }, { networks: [0.0.0.0/0, '::/0'] }] }] }`,
        ),
    ),
  },
  {
    name: 'a finished pod is nobody, and its address is another’s (5a.24)',
    plan: planOf(
      `{ apiVersion: v1, kind: Namespace, metadata: { name: default } }
---
{ apiVersion: v1, kind: Pod, metadata: { name: job, namespace: default, labels: { app: client } }, spec: { nodeName: node-1, containers: [{ name: c, image: x }] } }
---
{ apiVersion: v1, kind: Pod, metadata: { name: other, namespace: default }, spec: { nodeName: node-1, containers: [{ name: c, image: x }] } }
---
{ apiVersion: v1, kind: Pod, metadata: { name: server, namespace: default, labels: { app: server } }, spec: { nodeName: node-2, containers: [{ name: c, image: x, ports: [{ containerPort: 80 }] }] } }
` +
        netpol(
          'default',
          'server',
          `{ podSelector: { matchLabels: { app: server } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: client } } }] }] }`,
        ),
      [{ namespace: 'default', name: 'job', phase: 'Succeeded' }],
    ),
  },
  {
    name: 'a failed pod is nobody (5a.24)',
    plan: planOf(
      WORLD +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }] }] }`,
        ),
      [{ namespace: 'default', name: 'web', phase: 'Failed' }],
    ),
  },
]

/** Ranges of two ports that nobody has. */
function manyRanges(count: number): string {
  const ranges = Array.from({ length: count }, (_, at) => 9000 + 10 * at)
  return ranges.map((port) => `{ port: ${port}, endPort: ${port + 1} }`).join()
}

/** A Service whose port is not the pod's (5a.17), and one that leads back to its own client (5a.23). */
export const SERVICE_CASE: EdgeCase = {
  name: 'the Service’s port is not the pod’s (5a.17, 20, 23)',
  plan: planOf(
    WORLD +
      `---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: default }
spec: { selector: { app: db }, ipFamilyPolicy: PreferDualStack, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: default }
spec: { selector: { app: web }, ipFamilyPolicy: PreferDualStack, ports: [{ port: 8080, targetPort: http }] }
` +
      netpol(
        'default',
        'all',
        `{ podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{ ports: [{ port: 80 }] }], egress: [{ to: [{ podSelector: {} }] }] }`,
      ),
  ),
}

/** The plan of the case whose name begins so. */
export function edgeCase(name: string): ClusterPlan {
  const found = EDGE_CASES.find((each) => each.name.startsWith(name))
  if (found === undefined) throw new Error(`there is no edge case ${name}`)
  return found.plan
}

function planOf(text: string, finished: readonly FinishedPod[] = []): ClusterPlan {
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Manifest<KubeObject>)
  const of = <T extends KubeObject>(kind: string): readonly Manifest<T>[] =>
    objects.filter((object) => object.kind === kind) as unknown as readonly Manifest<T>[]
  const nodeLabels: readonly Labels[] = []
  return {
    nodes: 2,
    nodeLabels,
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
