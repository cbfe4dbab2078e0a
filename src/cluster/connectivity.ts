/** Who reaches whom: the shape of `podwire matrix -o json`. Field names are a promise. */
import type { Verdict } from './flow.ts'
import type { FlowProtocol } from './reference.ts'

export interface Connectivity {
  /** As asked: `80/tcp`. */
  readonly ports: readonly string[]
  /** `namespace/name`, sorted; with ` [Kind]` behind it where two kinds share a name. */
  readonly workloads: readonly string[]
  /** For every port, every workload to every workload, in the order of `ports` and `workloads`. */
  readonly rows: readonly ConnectivityRow[]
}

export interface ConnectivityRow {
  readonly from: string
  readonly to: string
  readonly port: number
  readonly protocol: FlowProtocol
  readonly verdict: Verdict
  readonly reason: string
}

export const SYMBOLS: Readonly<Record<Verdict, string>> = {
  delivered: '.',
  dropped: 'X',
  rejected: 'R',
  unknown: '?',
}
