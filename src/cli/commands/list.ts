/** `podwire list`: every connection that policies allow. */
import { exposureOf } from '../../cluster/policy/exposure.ts'
import { focus, type Focus } from '../../cluster/policy/focus.ts'
import { listConnections } from '../../cluster/policy/listing.ts'
import { asProblems } from '../../cluster/policy/mirror.ts'
import { Problem } from '../../kernel/problem.ts'
import { boot } from '../boot.ts'
import { EXIT_DONE } from '../exit.ts'
import { exposureJson, exposureText } from '../format/exposure.ts'
import { formatList, LIST_FORMATS, listLines } from '../format/listing.ts'
import { parseChoice, type ClusterFlags } from '../options.ts'
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
  const family = parseChoice(flags.family, '--family', ['ipv4', 'ipv6'], 'ipv4')
  const options = parsePolicyOptions(flags)
  const wanted = focusOf(flags)
  if (flags.exposure === true && format !== 'txt' && format !== 'json') {
    throw new Problem('is told as txt or json', { field: '--exposure' })
  }
  const cluster = await boot(flags)
  const { view } = cluster
  const connections = asProblems(() =>
    listConnections(view, cluster.evaluator(options), {
      family,
      withinWorkloads: flags.withinWorkloads === true,
    }),
  )
  const lines = listLines(focus(view, connections, wanted))
  if (flags.exposure === true) {
    const report = asProblems(() => exposureOf(view, options, family))
    process.stdout.write(
      format === 'json' ? exposureJson(lines, report) : formatList(lines, format) + exposureText(report),
    )
    return EXIT_DONE
  }
  process.stdout.write(formatList(lines, format))
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
