/** `podwire diff`: which connections a change of manifests adds, removes and changes. */
import type { Cluster } from '../../cluster/cluster.ts'
import { diffConnections, type Side } from '../../cluster/policy/diff.ts'
import { listConnections } from '../../cluster/policy/listing.ts'
import { asProblems } from '../../cluster/policy/mirror.ts'
import type { Manifest } from '../../cluster/manifests/document.ts'
import { loadPath } from '../../cluster/manifests/sources.ts'
import { workloadPeers } from '../../cluster/policy/peers.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Family } from '../../kernel/ruleset.ts'
import { bootWith, clusterOptionsOf, loadFlags } from '../boot.ts'
import { EXIT_DONE, EXIT_EXPECTATION_FAILED } from '../exit.ts'
import { DIFF_FORMATS, formatDiff } from '../format/diff.ts'
import { parseChoice, parseFamily, type ClusterFlags } from '../options.ts'
import { parsePolicyOptions, type PolicyFlags } from '../policy-options.ts'

export interface DiffFlags extends ClusterFlags, PolicyFlags {
  readonly first: string
  readonly second: string
  readonly output?: string
  readonly family?: string
  readonly exitCode?: boolean
}

export async function diff(flags: DiffFlags): Promise<number> {
  const format = parseChoice(flags.output, '--output', DIFF_FORMATS, 'txt')
  const family = parseFamily(flags.family)
  const options = parsePolicyOptions(flags)
  if ([flags.first, flags.second, ...(flags.filename ?? [])].filter((path) => path === '-').length > 1) {
    throw new Problem('standard input is given twice', { field: '-' })
  }
  const side = async (path: string): Promise<Side> => {
    const manifests = [...(await loadFlags(flags)), ...(await loadSide(path))]
    const cluster = await bootWith(clusterOptionsOf({ ...flags, filename: [path] }), manifests)
    return asProblems(() => sideOf(cluster, family, options))
  }
  const changes = diffConnections(await side(flags.first), await side(flags.second), family)
  process.stdout.write(formatDiff(changes, format))
  return flags.exitCode === true && changes.length > 0 ? EXIT_EXPECTATION_FAILED : EXIT_DONE
}

/** A side may be empty: no policies before, one after. */
async function loadSide(path: string): Promise<Manifest[]> {
  try {
    return await loadPath(path)
  } catch (error) {
    if (error instanceof Problem && error.reason.startsWith('holds no Kubernetes object')) return []
    throw error
  }
}

function sideOf(cluster: Cluster, family: Family, options: ReturnType<typeof parsePolicyOptions>): Side {
  return {
    connections: listConnections(cluster.view, cluster.evaluator(options), { family }),
    workloads: workloadPeers(cluster.view).map(({ label }) => label),
  }
}
