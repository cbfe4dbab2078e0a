/**
 * Who reaches which endpoints of a service, and from which address: 30 flows in 4 configurations, as data. Three load
 * balancer services (both policies Cluster, external Local, internal Local), each with one endpoint on `node-1` and one
 * on `node-2`, seen from `node-1`.
 *
 * ```
 *   pod 10.0.0.2 ──┐            ┌── 10.180.0.{1,2,3}   endpoints here
 *                  ├── node-1 ──┤
 *   203.0.113.2 ───┘ 192.168.0.2└── 10.180.1.{1,2,3}   endpoints on node-2
 * ```
 */
import type { EndpointSlice, Service } from '../../../src/apiserver/types/index.ts'
import { slice, svc } from './objects.ts'

export const POD_CIDR = '10.0.0.0/8'
export const CLIENT_POD = '10.0.0.2'
export const CLIENT_NODE = '192.168.0.2'
export const CLIENT_EXTERNAL = '203.0.113.2'
export const LOCALHOST = '127.0.0.1'
export const ENDPOINT_PORT = 80

interface MatrixService {
  readonly policy: Policy
  readonly number: 1 | 2 | 3
  readonly clusterIP: string
  readonly balancer: string
  readonly nodePort: number
}

export type Policy = 'both Cluster' | 'external Local' | 'internal Local'

export const MATRIX_SERVICES: readonly MatrixService[] = [
  { policy: 'both Cluster', number: 1, clusterIP: '172.30.0.41', balancer: '1.2.3.4', nodePort: 3001 },
  { policy: 'external Local', number: 2, clusterIP: '172.30.0.42', balancer: '5.6.7.8', nodePort: 3002 },
  { policy: 'internal Local', number: 3, clusterIP: '172.30.0.43', balancer: '9.10.11.12', nodePort: 3003 },
]

export const localEndpoint = (service: number): string => `10.180.0.${service}`
export const remoteEndpoint = (service: number): string => `10.180.1.${service}`

/** The API objects: three services and their slices. */
export function matrixObjects(): (Service | EndpointSlice)[] {
  return MATRIX_SERVICES.flatMap(({ policy, number, clusterIP, balancer, nodePort }) => [
    svc(
      `ns${number}/svc${number}`,
      {
        type: 'LoadBalancer',
        clusterIP,
        ports: [{ name: 'p80', port: 80, protocol: 'TCP', nodePort }],
        externalTrafficPolicy: policy === 'external Local' ? 'Local' : 'Cluster',
        internalTrafficPolicy: policy === 'internal Local' ? 'Local' : 'Cluster',
        healthCheckNodePort: 30000 + number,
      },
      [balancer],
    ),
    slice(`ns${number}/svc${number}`, [
      `${localEndpoint(number)}@node-1`,
      `${remoteEndpoint(number)}@node-2`,
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
  /** Addresses of the endpoints that must be reached, each sooner or later. */
  readonly backends: readonly string[]
  readonly masqueraded: boolean
}

const SOURCES: Readonly<Record<Client, string>> = {
  pod: CLIENT_POD,
  node: CLIENT_NODE,
  localhost: LOCALHOST,
  external: CLIENT_EXTERNAL,
}

/** The 30 flows with what is expected of them in one configuration. */
export function matrixFlows(config: MatrixConfig): MatrixFlow[] {
  const column = MATRIX_CONFIGS.indexOf(config)
  return TABLE.flatMap(([client, via, ...cells]) =>
    MATRIX_SERVICES.map((service, i) => {
      const choices = cells[i]!.split(' ')
      const cell = choices.length === 1 ? choices[0]! : choices[column]!
      const local = localEndpoint(service.number)
      return {
        name: `${client} to ${via}, ${service.policy}`,
        client,
        source: SOURCES[client],
        ...target(client, via, service),
        backends: cell.startsWith('A') ? [local, remoteEndpoint(service.number)] : [local],
        masqueraded: cell.endsWith('*'),
      }
    }),
  )
}

function target(client: Client, via: Via, service: MatrixService): { destination: string; port: number } {
  switch (via) {
    case 'ClusterIP':
      return { destination: service.clusterIP, port: 80 }
    case 'LB':
      return { destination: service.balancer, port: 80 }
    case 'NodePort':
      return { destination: client === 'localhost' ? LOCALHOST : CLIENT_NODE, port: service.nodePort }
  }
}
