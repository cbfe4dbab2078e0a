/**
 * The matrix as policies alone have it: the same rows in the same order as the one by packets. A cell is `.` where
 * policies let the packet reach the other stack, whether or not something listens there (by packets: `.` or `R`), and
 * `X` where they do not.
 */
import type { Pod } from '../../apiserver/types/index.ts'
import type { Family } from '../../kernel/ruleset.ts'
import type { Evaluator } from '../../policy/evaluate/index.ts'
import type { Question } from '../../policy/evaluate/question.ts'
import type { Connectivity, ConnectivityRow } from '../connectivity.ts'
import { checkMatrixRequest, podsAsRows, type MatrixRequest } from '../matrix.ts'
import { printPort, type PortSpec } from '../reference.ts'
import { familyOf } from '../topology/plan.ts'
import { podAddresses, type ClusterView } from '../view.ts'
import { workloads } from '../workload.ts'

export function referenceMatrix(
  view: ClusterView,
  evaluator: Evaluator,
  request: MatrixRequest,
): Connectivity {
  const { ports, by = 'workload', family } = checkMatrixRequest(request)
  const ends = by === 'pod' ? workloads(view).flatMap(podsAsRows) : workloads(view)
  const rows: ConnectivityRow[] = []
  for (const port of ports) {
    for (const from of ends) {
      for (const to of ends) {
        rows.push({
          from: from.label,
          to: to.label,
          ...port,
          ...cell(evaluator, from.pods, to.pods, { ...port, family }),
        })
      }
    }
  }
  return {
    ports: ports.map(printPort),
    workloads: ends.map(({ label }) => label),
    rows,
  }
}

type Asked = PortSpec & { readonly family: Family | undefined }

/** The worst of all pairs of pods, as the matrix by packets has it. */
function cell(
  evaluator: Evaluator,
  sources: readonly Pod[],
  targets: readonly Pod[],
  port: Asked,
): Pick<ConnectivityRow, 'verdict' | 'reason'> {
  let count = 0
  let denied = 0
  let allowedBy = ''
  let deniedBy = ''
  for (const source of sources) {
    for (const target of targets) {
      if (source === target && targets.length > 1) continue
      const question = questionOf(source, target, port)
      if (question === undefined) continue
      const { allowed, reason } = evaluator.verdict(question)
      count++
      if (allowed) allowedBy ||= reason
      else {
        denied++
        deniedBy ||= reason
      }
    }
  }
  if (count === 0) return { verdict: 'unknown', reason: 'no two pods share an address family' }
  if (denied === 0) return { verdict: 'delivered', reason: allowedBy }
  const some = denied === count ? '' : ` (${denied} of ${count} pairs of pods)`
  return { verdict: 'dropped', reason: `${deniedBy}${some}` }
}

function questionOf(source: Pod, target: Pod, { port, protocol, family }: Asked): Question | undefined {
  const own = new Set(podAddresses(source.status).map(familyOf))
  const address = podAddresses(target.status).find(
    (candidate) => own.has(familyOf(candidate)) && (family === undefined || familyOf(candidate) === family),
  )
  if (address === undefined) return undefined
  return {
    from: { kind: 'pod', namespace: source.metadata.namespace ?? '', name: source.metadata.name },
    to: { kind: 'pod', namespace: target.metadata.namespace ?? '', name: target.metadata.name },
    protocol,
    ...(protocol === 'icmp' ? {} : { port }),
    family: familyOf(address),
  }
}
