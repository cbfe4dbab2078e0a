/** A matrix cut into squares, one a port: what the table, Markdown and the picture draw. */
import type { Connectivity, ConnectivityRow } from '../../cluster/connectivity.ts'

/** One port's square of verdicts. */
export interface Grid {
  readonly port: string
  readonly names: readonly string[]
  readonly cells: readonly (readonly ConnectivityRow[])[]
}

export function grids({ ports, workloads, rows }: Connectivity): Grid[] {
  const n = workloads.length
  return ports.map((port, index) => ({
    port,
    names: workloads,
    cells: workloads.map((_, from) => {
      const start = (index * n + from) * n
      return rows.slice(start, start + n)
    }),
  }))
}
