/** What is open to workloads that do not exist yet, in the words of netpol-analyzer. */
import type { ExposureReport } from '../../cluster/policy/exposure.ts'
import { formatConnections } from '../../policy/evaluate/index.ts'
import type { ListLine } from './listing.ts'

export function exposureText({ exposures, unprotected }: ExposureReport): string {
  const section = (direction: 'egress' | 'ingress'): string[] =>
    exposures
      .filter((line) => line.direction === direction)
      .map(
        ({ workload, peer, connections }) =>
          `${workload} ${direction === 'egress' ? '=>' : '<='} ${peer} : ${formatConnections(connections)}`,
      )
      .sort()
  const loose = unprotected.map(
    ({ workload, direction }) => `${workload} is not protected on ${titled(direction)}`,
  )
  return [
    '',
    'Exposure Analysis Result:',
    'Egress Exposure:',
    ...section('egress'),
    '',
    'Ingress Exposure:',
    ...section('ingress'),
    ...(loose.length === 0 ? [] : ['', 'Workloads not protected by network policies:', ...loose.sort()]),
    '',
  ].join('\n')
}

export function exposureJson(lines: readonly ListLine[], { exposures, unprotected }: ExposureReport): string {
  const of = (direction: 'egress' | 'ingress'): object[] =>
    exposures
      .filter((line) => line.direction === direction)
      .map(({ workload, peer, connections }) => {
        const conn = formatConnections(connections)
        return direction === 'egress'
          ? { src: workload, dst: peer, conn }
          : { src: peer, dst: workload, conn }
      })
  return `${JSON.stringify(
    {
      connlist_results: lines,
      exposure_results: {
        egress_exposure: of('egress'),
        ingress_exposure: of('ingress'),
        unprotected_workloads: unprotected,
      },
    },
    null,
    1,
  )}\n`
}

function titled(direction: string): string {
  return `${direction.slice(0, 1).toUpperCase()}${direction.slice(1)}`
}
