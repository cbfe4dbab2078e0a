/**
 * One random ruleset and a few packets, through the kernel and the engine. The namespaces of the house topology are
 * kept from one to the next for speed; what differs is tried again in fresh ones before it counts.
 */
import { printIptablesSave } from '../../../src/kernel/iptables/index.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import type { Family, Ruleset } from '../../../src/kernel/ruleset.ts'
import { LOOK, type CaseFrame, type KernelCase, type Outcome } from '../harness/case.ts'
import { compareOutcomes } from '../harness/compare.ts'
import { engineOutcome } from '../harness/engine.ts'
import { quietly, type Kernel } from '../harness/kernel.ts'
import { HOST_A, HOST_B, TOPOLOGY } from '../harness/topology.ts'

/** Cases between fresh namespaces: nothing may pile up unseen. */
const RENEW = 25
const TABLES = ['raw', 'mangle', 'nat', 'filter', 'security']
/** How many redirects a host is told depends on those it was told before. */
const NO_REDIRECTS = ['all', 'eth0', 'eth1'].map(
  (link) => `ip netns exec node sysctl -q -w net.ipv4.conf.${link}.send_redirects=0`,
)
const BARE = [TOPOLOGY, ...NO_REDIRECTS].join('\n')
const UNLOAD = [
  'ip netns exec node iptables-restore < none',
  'ip netns exec node ip6tables-restore < none',
  'ip netns exec node conntrack -F 2>/dev/null',
].join('\n')

export interface Played {
  readonly kase: KernelCase
  /** The kernel does not take these rules; nor did the engine, when there is no difference. */
  readonly refused: boolean
  /** For people; empty when there is none. */
  readonly difference: string
  readonly captured: number
}

export class Session {
  readonly #kernel: Kernel
  #played = 0
  #open = false

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  async play(family: Family, ruleset: Ruleset, frames: readonly CaseFrame[]): Promise<Played> {
    if (this.#played++ % RENEW === 0) this.#open = false
    const load = `ip netns exec node ${family === 'ipv4' ? 'iptables' : 'ip6tables'}-restore < rules`
    const kase: KernelCase = {
      script: [BARE, load].join('\n'),
      files: { rules: printIptablesSave(ruleset) },
      frames,
      watch: [HOST_A, HOST_B],
    }
    const played = await this.#compare(kase, load)
    if (played.difference === '') return played
    this.#open = false
    return this.#compare(kase, load)
  }

  async #compare(kase: KernelCase, load: string): Promise<Played> {
    const kernel = await this.#outcome(kase, load)
    let engine: Outcome | Problem
    try {
      engine = engineOutcome(kase, LOOK)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      engine = error
    }
    if (typeof kernel === 'string' || engine instanceof Problem) {
      const refused = typeof kernel === 'string'
      const both = refused && engine instanceof Problem
      const difference = both ? '' : `kernel: ${refused ? kernel : 'takes it'}\nengine: ${String(engine)}`
      return { kase, refused, difference, captured: 0 }
    }
    const { report } = compareOutcomes(kase, kernel, engine)
    return { kase, refused: false, difference: report, captured: kernel.captured.length }
  }

  /** What the kernel did, or what it says when it does not take the rules. */
  async #outcome({ files, frames }: KernelCase, load: string): Promise<Outcome | string> {
    this.#kernel.write({ ...files, none: TABLES.map((table) => `*${table}\nCOMMIT\n`).join('') })
    if (!this.#open) {
      await this.#kernel.reset()
      await this.#kernel.script(`${quietly(BARE)}\nsleep 0.3`)
      await this.#kernel.open([HOST_A, HOST_B])
      this.#open = true
    }
    try {
      await this.#kernel.script(load)
    } catch (error) {
      return String(error)
    }
    const start = performance.now()
    const captured = await this.#kernel.run(frames)
    const elapsed = performance.now() - start
    const outputs = await this.#kernel.outputs(LOOK)
    await this.#kernel.script(UNLOAD)
    return { captured, outputs, elapsed }
  }
}
