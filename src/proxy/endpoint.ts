/** One endpoint of a service port as a proxier sees it (pkg/proxy: BaseEndpointInfo). */
export interface Endpoint {
  readonly ip: string
  readonly port: number
  /** `ip:port`: its name, and what lists are sorted by, as text. */
  readonly endpoint: string
  /** What the proxier calls it: in iptables mode the name of its chain. */
  readonly name: string
  /** On the node of this proxier. */
  readonly isLocal: boolean
  /** Ready and not terminating, or the service publishes addresses that are not ready. */
  readonly ready: boolean
  /** Ready, whether terminating or not. */
  readonly serving: boolean
  readonly terminating: boolean
  /** Empty: no hint. */
  readonly zoneHints: readonly string[]
  readonly nodeHints: readonly string[]
}

/** A terminating endpoint that still answers: what is used when nothing is ready (KEP-1669). */
export function isServingTerminating(endpoint: Endpoint): boolean {
  return endpoint.serving && endpoint.terminating
}
