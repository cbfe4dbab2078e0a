/** Expectations as a suite that is put to dataplanes with known mistakes, one by one (`src/testing/mutation`). */
import type { ClusterOptions } from '../../cluster/cluster.ts'
import { checkExpectations } from '../../cluster/expectations/check.ts'
import type { Expectation } from '../../cluster/expectations/read.ts'
import type { Manifest } from '../../cluster/manifests/document.ts'
import { mutationScore, type MutationScore, type Suite } from '../../testing/mutation/index.ts'

export interface MutationRequest {
  readonly options: Omit<ClusterOptions, 'policy'>
  /** Packets tried to tell a mistake that survives from one without effect. */
  readonly runs: number
  /** By name; default all. */
  readonly faults?: readonly string[]
}

/** @throws Problem when an expectation fails where nothing is wrong */
export async function mutate(
  manifests: readonly Manifest[],
  expectations: readonly Expectation[],
  { options, runs, faults }: MutationRequest,
): Promise<MutationScore> {
  return mutationScore({
    manifests: manifests.map(({ object }) => object),
    suite: suiteOf(expectations),
    cluster: options,
    packets: runs,
    ...(faults === undefined ? {} : { faults }),
  })
}

/** By packets: the reference knows of no mistake. Ends with the first that fails. */
function suiteOf(expectations: readonly Expectation[]): Suite {
  return (cluster) => {
    for (const expectation of expectations) {
      const [checked] = checkExpectations(cluster, [expectation], { reference: false })
      const failed = checked?.answers.find(({ ok }) => !ok)
      if (failed !== undefined) {
        throw new Error(`${expectation.name}: expected ${expectation.expect}, got ${failed.verdict}`)
      }
    }
  }
}
