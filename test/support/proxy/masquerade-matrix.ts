/**
 * Who reaches which endpoints of a service, and from which address: 30 flows in 4 configurations, as data. Three load
 * balancer services (both policies Cluster, external Local, internal Local), each with one endpoint on `node-1` and one
 * on `node-2`, seen from `node-1`. The table is one for both families; addresses are in `MATRIX_PLANS`.
 *
 * ```
 *   pod 10.0.0.2 ──┐            ┌── 10.180.0.{1,2,3}   endpoints here
 *                  ├── node-1 ──┤
 *   203.0.113.2 ───┘ 192.168.0.2└── 10.180.1.{1,2,3}   endpoints on node-2
 * ```
 */
import type { EndpointSlice, Service } from '../../../src/apiserver/types/index.ts'
import type { Family } from '../../../src/kernel/ruleset.ts'
import { slice, svc } from './objects.ts'

export const ENDPOINT_PORT = 80

/** Who has which address. */
export interface MatrixPlan {
  readonly podCidr: string
  readonly pod: string
  readonly node: string
  readonly otherNode: string
  readonly external: string
  /**
   * Where the node's own processes look for node ports. IPv4 has `route_localnet` to let such a packet leave; IPv6 has
   * nothing like it, so kube-proxy's rules leave `::1` out and nobody is reached there.
   */
  readonly localhost: string
  readonly localhostServed: boolean
  /** Without the number of the service. */
  readonly clusterIP: string
  readonly localEndpoint: string
  readonly remoteEndpoint: string
  /** Of services 1, 2 and 3. */
  readonly balancers: readonly [string, string, string]
}

export const MATRIX_PLANS: Readonly<Record<Family, MatrixPlan>> = {
  ipv4: {
    podCidr: '10.0.0.0/8',
    pod: '10.0.0.2',
    node: '192.168.0.2',
    otherNode: '192.168.0.3',
    external: '203.0.113.2',
    localhost: '127.0.0.1',
    localhostServed: true,
    clusterIP: '172.30.0.4',
    localEndpoint: '10.180.0.',
    remoteEndpoint: '10.180.1.',
    balancers: ['1.2.3.4', '5.6.7.8', '9.10.11.12'],
  },
  ipv6: {
    podCidr: 'fd00:10::/32',
    pod: 'fd00:10::2',
    node: 'fd00:192::2',
    otherNode: 'fd00:192::3',
    external: '2001:db8:203::2',
    localhost: '::1',
    localhostServed: false,
    clusterIP: 'fd00:172::4',
    localEndpoint: 'fd00:10:180::',
    remoteEndpoint: 'fd00:10:180:1::',
    balancers: ['2001:db8:1::4', '2001:db8:5::8', '2001:db8:9::12'],
  },
}

export const CLIENT_POD = MATRIX_PLANS.ipv4.pod
export const CLIENT_NODE = MATRIX_PLANS.ipv4.node
export const CLIENT_EXTERNAL = MATRIX_PLANS.ipv4.external

interface MatrixService {
  readonly policy: Policy
  readonly number: 1 | 2 | 3
  readonly nodePort: number
}

export type Policy = 'both Cluster' | 'external Local' | 'internal Local'

export const MATRIX_SERVICES: readonly MatrixService[] = [
  { policy: 'both Cluster', number: 1, nodePort: 3001 },
  { policy: 'external Local', number: 2, nodePort: 3002 },
  { policy: 'internal Local', number: 3, nodePort: 3003 },
]

export const localEndpoint = (service: number, family: Family = 'ipv4'): string =>
  `${MATRIX_PLANS[family].localEndpoint}${service}`
export const remoteEndpoint = (service: number, family: Family = 'ipv4'): string =>
  `${MATRIX_PLANS[family].remoteEndpoint}${service}`
const clusterIPOf = (service: number, family: Family): string => `${MATRIX_PLANS[family].clusterIP}${service}`
const balancerOf = (service: number, family: Family): string => MATRIX_PLANS[family].balancers[service - 1]!

/** The API objects: three services and their slices. */
export function matrixObjects(family: Family = 'ipv4'): (Service | EndpointSlice)[] {
  return MATRIX_SERVICES.flatMap(({ policy, number, nodePort }) => [
    svc(
      `ns${number}/svc${number}`,
      {
        type: 'LoadBalancer',
        clusterIP: clusterIPOf(number, family),
        ports: [{ name: 'p80', port: 80, protocol: 'TCP', nodePort }],
        externalTrafficPolicy: policy === 'external Local' ? 'Local' : 'Cluster',
        internalTrafficPolicy: policy === 'internal Local' ? 'Local' : 'Cluster',
        healthCheckNodePort: 30000 + number,
      },
      [balancerOf(number, family)],
    ),
    slice(`ns${number}/svc${number}`, [
      `${localEndpoint(number, family)}@node-1`,
      `${remoteEndpoint(number, family)}@node-2`,
    ]),
  ])
}

export interface MatrixConfig {
  readonly name: string
  readonly detector: boolean
  readonly masqueradeAll: boolean
}

export const MATRIX_CONFIGS: readonly MatrixConfig[] = [
  { name: 'detector', detector: true, masqueradeAll: false },
  { name: 'no detector', detector: false, masqueradeAll: false },
  { name: 'masquerade all', detector: true, masqueradeAll: true },
  { name: 'masquerade all, no detector', detector: false, masqueradeAll: true },
]

type Client = 'pod' | 'node' | 'localhost' | 'external'
type Via = 'ClusterIP' | 'NodePort' | 'LB'

/**
 * Cells: `A` all endpoints, `L` the local one; `*` the endpoint sees the node's address instead of the client's. One for
 * each configuration, in the order of `MATRIX_CONFIGS`; a single one holds for all.
 */
const TABLE: readonly (readonly [Client, Via, ...(readonly string[])])[] = [
  //                       both Cluster        external Local      internal Local
  ['pod', 'ClusterIP', 'A A A* A*', 'A A A* A*', 'L L L* L*'],
  ['pod', 'NodePort', 'A*', 'A L A L', 'A*'],
  ['pod', 'LB', 'A*', 'A L A L', 'A*'],
  ['node', 'ClusterIP', 'A* A A* A*', 'A* A A* A*', 'L* L L* L*'],
  ['node', 'NodePort', 'A*', 'A*', 'A*'],
  ['localhost', 'NodePort', 'A*', 'A*', 'A*'],
  ['node', 'LB', 'A*', 'A*', 'A*'],
  ['external', 'ClusterIP', 'A* A A* A*', 'A* A A* A*', 'L* L L* L*'],
  ['external', 'NodePort', 'A*', 'L', 'A*'],
  ['external', 'LB', 'A*', 'L', 'A*'],
]

export interface MatrixFlow {
  /** e.g. `pod to ClusterIP, external Local` */
  readonly name: string
  readonly client: Client
  readonly source: string
  readonly destination: string
  readonly port: number
  /** Addresses of the endpoints that must be reached, each sooner or later. None: the connection is refused. */
  readonly backends: readonly string[]
  readonly masqueraded: boolean
}

/** The 30 flows with what is expected of them in one configuration. */
export function matrixFlows(config: MatrixConfig, family: Family = 'ipv4'): MatrixFlow[] {
  const column = MATRIX_CONFIGS.indexOf(config)
  const plan = MATRIX_PLANS[family]
  return TABLE.flatMap(([client, via, ...cells]) =>
    MATRIX_SERVICES.map((service, i) => {
      const choices = cells[i]!.split(' ')
      const cell = choices.length === 1 ? choices[0]! : choices[column]!
      const local = localEndpoint(service.number, family)
      const reached = cell.startsWith('A') ? [local, remoteEndpoint(service.number, family)] : [local]
      const served = client !== 'localhost' || plan.localhostServed
      return {
        name: `${client} to ${via}, ${service.policy}`,
        client,
        source: plan[client],
        ...target(client, via, service, family),
        backends: served ? reached : [],
        masqueraded: served && cell.endsWith('*'),
      }
    }),
  )
}

function target(
  client: Client,
  via: Via,
  { number, nodePort }: MatrixService,
  family: Family,
): { destination: string; port: number } {
  switch (via) {
    case 'ClusterIP':
      return { destination: clusterIPOf(number, family), port: 80 }
    case 'LB':
      return { destination: balancerOf(number, family), port: 80 }
    case 'NodePort': {
      const { localhost, node } = MATRIX_PLANS[family]
      return { destination: client === 'localhost' ? localhost : node, port: nodePort }
    }
  }
}
