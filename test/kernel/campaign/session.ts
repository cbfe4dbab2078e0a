/**
 * A case of a campaign: random rules in both families and flows played through them. The namespaces of the house
 * topology are kept from case to case for speed; rules, sets, conntrack entries are made anew.
 */
import { CLIENT_PORTS, SERVER_PORTS, type Flow } from '../../arbitraries/flow.ts'
import type { Step } from '../../arbitraries/step.ts'
import { printIptablesSave } from '../../../src/kernel/iptables/index.ts'
import type { Ruleset } from '../../../src/kernel/ruleset.ts'
import { LOOK, type CapturedAt, type CaseFrame, type KernelCase, type Outcome } from '../harness/case.ts'
import { compareOutcomes, type Comparison } from '../harness/compare.ts'
import { engineOutcome } from '../harness/engine.ts'
import { quietly, type Kernel } from '../harness/kernel.ts'
import { HOST_A, HOST_B, TOPOLOGY } from '../harness/topology.ts'
import { Player } from './player.ts'
import { readPacket } from './read.ts'
import { SETS_TEXT } from './sets.ts'

export interface Plan {
  readonly ipv4: Ruleset
  readonly ipv6: Ruleset
  readonly flows: readonly Flow[]
  /** Which flow makes its next step, in turn; flows whose steps are over are passed by. */
  readonly order: readonly number[]
}

/** Loads the rules; the sets must be there. Words after `node`. */
const LOAD = [
  'ip netns exec node ipset restore < sets',
  'ip netns exec node iptables-restore < rules4',
  'ip netns exec node ip6tables-restore < rules6',
]
/** Takes them away again; `conntrack -F` last, as rules hold hooks. */
const UNLOAD = [
  'ip netns exec node iptables-restore < none',
  'ip netns exec node ip6tables-restore < none',
  'ip netns exec node ipset destroy',
  'ip netns exec node conntrack -F 2>/dev/null',
]
const EMPTY = ['raw', 'mangle', 'nat', 'filter', 'security'].map((table) => `*${table}\nCOMMIT\n`).join('')

export interface Played {
  readonly kase: KernelCase
  readonly comparison: Comparison
  /** The kernel had to look for a free port, from a random start: nothing that follows can be foretold. */
  readonly randomPort: boolean
}

const PORTS: ReadonlySet<number> = new Set([...CLIENT_PORTS, ...SERVER_PORTS, 0, 65535])

/** A reply tuple of conntrack -L with a port that neither a flow nor a rule names. */
function hasRandomPort(text: string): boolean {
  return [...text.matchAll(/sport=(\d+) dport=(\d+).*?sport=(\d+) dport=(\d+)/g)].some(
    ([, sport, dport, back, to]) => {
      const translated = (from: string | undefined, into: string | undefined): boolean =>
        from !== into && !PORTS.has(Number(into))
      return translated(sport, to) || translated(dport, back)
    },
  )
}

/** A frame that has such a port. */
function carriesRandomPort({ bytes }: CapturedAt): boolean {
  const packet = readPacket(bytes)
  if (packet === undefined || ![6, 17, 132].includes(packet.protocol)) return false
  return !PORTS.has(packet.sourcePort) || !PORTS.has(packet.destinationPort)
}

export class Session {
  readonly #kernel: Kernel
  #open = false
  #id = 1

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** Forgets the namespaces: the next case gets fresh ones. */
  renew(): void {
    this.#open = false
  }

  /** Plays a plan through the kernel, the recorded frames through the engine. */
  async play(plan: Plan): Promise<Played> {
    const files = filesOf(plan)
    this.#kernel.write({ ...files, none: EMPTY })
    if (!this.#open) {
      await this.#kernel.reset()
      await this.#kernel.script(`${quietly(TOPOLOGY)}\nsleep 0.1`)
      await this.#kernel.open([HOST_A, HOST_B])
      this.#open = true
    }
    await this.#kernel.script(LOAD.join('\n'))
    const start = performance.now()
    const { frames, captured } = await this.#frames(plan)
    const elapsed = performance.now() - start
    const outputs = await this.#kernel.outputs(LOOK)
    await this.#unload()
    const kase: KernelCase = {
      script: [TOPOLOGY, ...LOAD].join('\n'),
      files,
      frames,
      watch: [HOST_A, HOST_B],
    }
    const kernel: Outcome = { captured, outputs, elapsed }
    const comparison = compareOutcomes(kase, kernel, engineOutcome(kase, LOOK))
    const randomPort = outputs.some(({ text }) => hasRandomPort(text)) || captured.some(carriesRandomPort)
    return { kase, comparison, randomPort }
  }

  /** A set that the kernel still holds for a moment cannot go: fresh namespaces then. */
  async #unload(): Promise<void> {
    try {
      await this.#kernel.script(UNLOAD.join('\n'))
    } catch {
      this.renew()
    }
  }

  async #frames({ flows, order }: Plan): Promise<{ frames: CaseFrame[]; captured: CapturedAt[] }> {
    const players = flows.map((flow) => {
      this.#id = (this.#id + 100) & 0xffff
      return new Player(flow, this.#id)
    })
    const next = flows.map(() => 0)
    const frames: CaseFrame[] = []
    let last = performance.now()
    const captured: CapturedAt[] = []
    const advance = async (index: number): Promise<void> => {
      const step: Step | undefined = flows[index]?.steps[next[index]!]
      if (step === undefined) return
      next[index]! += 1
      const sent = players[index]!.frames(step)
      if (sent.length === 0) return
      // The engine's clock goes as the kernel's: how often a redirect is sent depends on it.
      const now = performance.now()
      const after = Math.round(now - last)
      last = now
      const arrived = await this.#kernel.run(sent)
      captured.push(...arrived.map((frame) => ({ ...frame, cause: frame.cause + frames.length })))
      frames.push({ ...sent[0]!, after }, ...sent.slice(1))
      players[index]!.observe(step, arrived)
    }
    for (const turn of order) await advance(turn % flows.length)
    for (const [index, flow] of flows.entries()) {
      while (next[index]! < flow.steps.length) await advance(index)
    }
    return { frames, captured }
  }
}

function filesOf({ ipv4, ipv6 }: Plan): Record<string, string> {
  return { sets: SETS_TEXT, rules4: printIptablesSave(ipv4), rules6: printIptablesSave(ipv6) }
}
