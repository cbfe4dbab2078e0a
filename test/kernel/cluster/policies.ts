/** Recipes of network policies for a kernel and the engine, dual-stack, with Services that have one endpoint each. */

const pod = (
  name: string,
  node: number,
  namespace: string,
  ports: string,
  labels = `app: ${name}`,
): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: { ${labels} } }
spec:
  nodeName: node-${node}
  containers: [{ name: main, image: example.com/app:1, ports: [${ports}] }]
`

const service = (name: string, number: number, namespace: string, port: string): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  type: NodePort
  ipFamilyPolicy: RequireDualStack
  clusterIPs: [10.96.7.${number}, 'fd00:10:96::7${number}']
  selector: { app: ${name} }
  ports: [${port}]
`

const NAMESPACES = ['default', 'prod'].map(
  (name) => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { tier: ${name} } }
`,
)

export const WORKLOADS = [
  ...NAMESPACES,
  pod(
    'redis',
    2,
    'default',
    '{ name: db, containerPort: 6379 }, { name: dns, containerPort: 53, protocol: UDP }',
  ),
  pod('front', 1, 'default', '{ name: http, containerPort: 80 }'),
  pod('stranger', 1, 'default', '{ name: db, containerPort: 80 }'),
  pod('worker', 2, 'prod', '{ name: http, containerPort: 8080 }'),
  pod('batch', 1, 'prod', '', 'app: batch, class: quiet'),
  service('redis', 31, 'default', '{ port: 6379, nodePort: 30031 }'),
  service('front', 32, 'default', '{ port: 8000, targetPort: http, nodePort: 30032 }'),
].join('---')

export const RECIPES = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: redis-allow, namespace: default }
spec:
  podSelector: { matchLabels: { app: redis } }
  ingress:
    - from: [{ podSelector: { matchLabels: { app: front } } }]
      ports: [{ port: db }]
    - from: [{ namespaceSelector: { matchLabels: { tier: prod } }, podSelector: { matchExpressions: [{ key: class, operator: Exists }] } }]
      ports: [{ port: dns, protocol: UDP }, { port: 6000, endPort: 6400 }, { port: 80 }, { port: 443 }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: front, namespace: default }
spec:
  podSelector: { matchLabels: { app: front } }
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - ipBlock: { cidr: 198.51.100.0/24, except: [198.51.100.64/26, 198.51.100.128/25] }
        - ipBlock: { cidr: '2001:db8::/32', except: ['2001:db8:100:8000::/49'] }
        - podSelector: { matchLabels: { app: front } }
      ports: [{ port: http }]
    - from: [{ namespaceSelector: { matchLabels: { tier: prod } } }]
  egress:
    - to: [{ podSelector: {} }]
      ports: [{ port: db }, { port: http }]
    - ports: [{ port: 53, protocol: UDP }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: default-deny, namespace: prod }
spec: { podSelector: {}, policyTypes: [Ingress, Egress] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: out-but-not-inside, namespace: prod }
spec:
  podSelector: { matchLabels: { app: batch } }
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock: { cidr: 0.0.0.0/0, except: [10.244.1.0/24, 172.18.0.0/16] }
        - ipBlock: { cidr: '::/0', except: ['fd00:172:18::/64'] }
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: admin }
spec:
  tier: Admin
  priority: 10
  subject: { pods: { namespaceSelector: {}, podSelector: { matchExpressions: [{ key: app, operator: In, values: [worker, stranger] }] } } }
  ingress:
    - { name: pings, action: Deny, from: [{ namespaces: { matchLabels: { tier: prod } } }] }
    - { name: named, action: Accept, from: [{ namespaces: {} }], protocols: [{ destinationNamedPort: http }] }
  egress:
    - name: kubelets
      action: Deny
      to: [{ nodes: {} }]
      protocols: [{ tcp: { destinationPort: { number: 10250 } } }]
    - name: the-rest-of-them
      action: Pass
      to: [{ networks: [172.18.0.0/16, 10.244.0.0/16, 'fd00:172:18::/64'] }]
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: baseline }
spec:
  tier: Baseline
  priority: 1
  subject: { namespaces: {} }
  ingress:
    - { action: Deny, from: [{ pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: stranger } } } }], protocols: [{ udp: { destinationPort: { range: { start: 1, end: 1000 } } } }] }
`
