/** `podwire render`: the kernel objects of a node, as the real tools write them. */
import { boot } from '../boot.ts'
import { EXIT_DONE } from '../exit.ts'
import { Problem } from '../../kernel/problem.ts'
import { asFlags, parseChoice, parseFamily, parseNodeName, type ClusterFlags } from '../options.ts'

export interface RenderFlags extends ClusterFlags {
  readonly node?: string
  readonly as?: string
  readonly family?: string
}

const FORMS = ['iptables-save', 'ipset', 'script', 'ipvsadm', 'nft', 'bpf'] as const

export async function render(flags: RenderFlags): Promise<number> {
  const as = parseChoice(flags.as, '--as', FORMS, 'iptables-save')
  if (as === 'ipvsadm' || as === 'nft' || as === 'bpf') {
    throw new Problem(`${as} is of a proxy mode that is not built yet`, { field: '--as' })
  }
  if (flags.family !== undefined && as !== 'iptables-save') {
    throw new Problem(`${as} is not of one family: leave it out`, { field: '--family' })
  }
  const family = parseFamily(flags.family)
  if (flags.node === undefined && as !== 'script') {
    throw new Problem(`is needed for ${as}: the objects are those of one node`, { field: '--node' })
  }
  const cluster = await boot(flags)
  process.stdout.write(
    asFlags(() =>
      cluster.render({
        as,
        ...(flags.node === undefined ? {} : { node: parseNodeName(flags.node) }),
        ...(as === 'iptables-save' ? { family } : {}),
      }),
    ),
  )
  return EXIT_DONE
}
