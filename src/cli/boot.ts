/** From flags to a settled cluster. Warnings go to stderr, one line each. */
import type { Cluster, ClusterOptions } from '../cluster/cluster.ts'
import type { ProxyMode } from '../cluster/flow.ts'
import type { Manifest } from '../cluster/manifests/document.ts'
import { idleWorkloads } from '../cluster/workload.ts'
import { oneLine } from '../kernel/one-line.ts'
import { Problem } from '../kernel/problem.ts'
import { parseChoice, parseCount, type ClusterFlags } from './options.ts'

export const PROXY_MODES: readonly ProxyMode[] = ['iptables', 'ipvs', 'nftables', 'ebpf']
export const BUILT_MODES: readonly ProxyMode[] = ['iptables']

export async function boot(flags: ClusterFlags): Promise<Cluster> {
  const options = clusterOptionsOf(flags)
  return bootWith(options, await loadFlags(flags))
}

/** Flags, checked. */
export function clusterOptionsOf(flags: ClusterFlags): ClusterOptions & { readonly proxyMode: ProxyMode } {
  const nodes = parseCount(flags.nodes, '--nodes', 2, { from: 1, to: 250 })
  const seed = parseCount(flags.seed, '--seed', 1, { from: 0, to: 0xffffffff })
  const proxyMode = parseChoice(flags.proxyMode, '--proxy-mode', PROXY_MODES, 'iptables')
  if (!BUILT_MODES.includes(proxyMode)) {
    throw new Problem(`${proxyMode} is not built yet; ${BUILT_MODES.join(', ')} is`, {
      field: '--proxy-mode',
    })
  }
  if ((flags.filename ?? []).length === 0) {
    throw new Problem('no manifests: give a file, a folder or - (standard input)', { field: '--filename' })
  }
  return { nodes, proxyMode, seed }
}

/** All at once: a namespace may stand in a later file than what is in it. */
export async function loadFlags({ filename = [] }: ClusterFlags): Promise<Manifest[]> {
  if (filename.filter((path) => path === '-').length > 1) {
    throw new Problem('standard input (-) is given twice', { field: '--filename' })
  }
  const { loadPath } = await import('../cluster/manifests/sources.ts')
  return (await Promise.all(filename.map(loadPath))).flat()
}

export async function bootWith(options: ClusterOptions, manifests: readonly Manifest[]): Promise<Cluster> {
  const { Cluster } = await import('../cluster/cluster.ts')
  const cluster = await Cluster.create(options)
  cluster.applyManifests(manifests)
  await cluster.settle()
  for (const { message, place } of cluster.warnings()) {
    process.stderr.write(`podwire: warning: ${oneLine(new Problem(message, place).message)}\n`)
  }
  return cluster
}

/** Workloads without a running pod have no connections: whoever looks for them is told, a line a kind. */
export function warnOfIdle({ view }: Cluster): void {
  const byKind = new Map<string, string[]>()
  for (const { kind, namespace, name } of idleWorkloads(view)) {
    byKind.set(kind, [...(byKind.get(kind) ?? []), `${namespace}/${name}`])
  }
  for (const [kind, names] of byKind) {
    process.stderr.write(`podwire: warning: left out, as no pod of it runs: ${kind} ${names.join(', ')}\n`)
  }
}
