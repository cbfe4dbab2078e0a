/** How many pods one workload may ask for: each is an object of the API and, where it runs, a network namespace. */
import { Problem } from '../../kernel/problem.ts'
import { isRecord, type Manifest } from './document.ts'

/** All of them are made within some ten seconds, if most wait for an address. A node has addresses for 253. */
const MAX_PODS = 10_000

/** @throws Problem before anything of it is made */
export function refuseTooManyPods({ object, place }: Manifest): void {
  const { kind, spec } = object
  if (!isRecord(spec)) return
  if (kind === 'CronJob') {
    const { jobTemplate } = spec
    if (isRecord(jobTemplate) && isRecord(jobTemplate['spec']))
      check(activeOf(jobTemplate['spec']), 'spec.jobTemplate.spec.parallelism', place)
  } else if (kind === 'Job') check(activeOf(spec), 'spec.parallelism', place)
  else check(spec['replicas'], 'spec.replicas', place)
}

function activeOf({ parallelism, completions }: Record<string, unknown>): unknown {
  return typeof parallelism === 'number' && typeof completions === 'number'
    ? Math.min(parallelism, completions)
    : parallelism
}

function check(count: unknown, field: string, place: Manifest['place']): void {
  if (typeof count === 'number' && count > MAX_PODS)
    throw new Problem(
      `${count} pods are more than one workload can have here: at most ${MAX_PODS}`,
      place(field),
    )
}
