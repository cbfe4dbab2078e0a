/** `podwire list`: every connection that policies allow. */
import { exposureOf } from '../../cluster/policy/exposure.ts'
import { focus, focusExposure, type Focus } from '../../cluster/policy/focus.ts'
import { listConnections } from '../../cluster/policy/listing.ts'
import { asProblems } from '../../cluster/policy/mirror.ts'
import { boot, warnOfIdle } from '../boot.ts'
import { EXIT_DONE } from '../exit.ts'
import { formatExposure } from '../format/exposure.ts'
import { formatList, LIST_FORMATS, listLines } from '../format/listing.ts'
import { parseChoice, parseFamily, type ClusterFlags } from '../options.ts'
import { parsePolicyOptions, type PolicyFlags } from '../policy-options.ts'

export interface ListFlags extends ClusterFlags, PolicyFlags {
  readonly output?: string
  readonly family?: string
  readonly withinWorkloads?: boolean
  readonly exposure?: boolean
  readonly focusWorkload?: string
  readonly focusWorkloadPeer?: string
  readonly focusDirection?: string
  readonly focusConn?: string
}

export async function list(flags: ListFlags): Promise<number> {
  const format = parseChoice(flags.output, '--output', LIST_FORMATS, 'txt')
  const family = parseFamily(flags.family)
  const options = parsePolicyOptions(flags)
  const wanted = focusOf(flags)
  const cluster = await boot(flags)
  warnOfIdle(cluster)
  const { view } = cluster
  const text = asProblems(() => {
    const evaluator = cluster.evaluator(options)
    const request = { family, withinWorkloads: flags.withinWorkloads === true }
    const lines = listLines(focus(view, listConnections(view, evaluator, request), wanted))
    if (flags.exposure !== true) return formatList(lines, format)
    return formatExposure(lines, focusExposure(exposureOf(view, evaluator, family), wanted), format)
  })
  process.stdout.write(text)
  return EXIT_DONE
}

function focusOf(flags: ListFlags): Focus {
  const names = (text: string | undefined): string[] | undefined =>
    text?.split(',').map((name) => name.trim())
  const workloads = names(flags.focusWorkload)
  const peers = names(flags.focusWorkloadPeer)
  const direction =
    flags.focusDirection === undefined
      ? undefined
      : parseChoice(flags.focusDirection, '--focus-direction', ['ingress', 'egress'], 'ingress')
  return {
    ...(workloads === undefined ? {} : { workloads }),
    ...(peers === undefined ? {} : { peers }),
    ...(direction === undefined ? {} : { direction }),
    ...(flags.focusConn === undefined ? {} : { connection: flags.focusConn }),
  }
}
