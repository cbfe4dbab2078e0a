/**
 * The real kernel's side: an agent process (test/kernel/agent) in a mount and network namespace of its own runs the
 * scripts and moves the frames. Names in scripts are used as they are: /run/netns is empty and private there.
 */
import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import {
  portName,
  watchedPorts,
  type CapturedAt,
  type KernelCase,
  type Outcome,
  type Output,
  type Port,
} from './case.ts'

const AGENT = new URL('../agent/', import.meta.url).pathname
const SEPARATOR = '@@podwire@@'

/**
 * Why the kernel cannot be asked here, or undefined when it can. With PODWIRE_NEEDS_KERNEL set, as in CI, there must be
 * no such reason: a run without the oracle must not look like one in which it agreed.
 */
export function whyNoKernel(): string | undefined {
  const why = missingForKernel()
  if (why !== undefined && process.env['PODWIRE_NEEDS_KERNEL']) throw new Error(why)
  return why
}

function missingForKernel(): string | undefined {
  if (process.platform !== 'linux') return 'the Linux oracle needs Linux'
  if (process.getuid?.() !== 0) return 'the Linux oracle needs root'
  const tools = [
    'ip',
    'iptables-legacy',
    'ip6tables-legacy',
    'ipset',
    'conntrack',
    'python3',
    'nsenter',
    'sysctl',
  ]
  const missing = tools.filter((tool) => {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`])
      return false
    } catch {
      return true
    }
  })
  return missing.length === 0 ? undefined : `the Linux oracle misses ${missing.join(', ')}`
}

export class Kernel {
  readonly #agent: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterableIterator<string>
  readonly #reader: Interface
  /** Where scripts run and find their files. */
  readonly #directory = mkdtempSync(join(tmpdir(), 'podwire-oracle-'))
  #ports: readonly Port[] = []

  constructor() {
    this.#agent = spawn('unshare', ['--mount', '--net', 'sh', `${AGENT}start.sh`], { stdio: 'pipe' })
    this.#agent.stderr.pipe(process.stderr)
    this.#reader = createInterface({ input: this.#agent.stdout })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  stop(): void {
    this.#reader.close()
    this.#agent.stdin.end()
    rmSync(this.#directory, { recursive: true })
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.#directory, name), text)
  }

  /** Runs a script and gives its standard output. Throws with its standard error when it fails. */
  async script(text: string): Promise<string> {
    const [exit, out, error] = await this.#ask(`script ${base64(`cd ${this.#directory}\n${text}`)}`)
    if (exit !== '0')
      throw new Error(`exit ${exit} of the script in the kernel:\n${decode(error)}${decode(out)}`)
    return decode(out)
  }

  /** Opens the interfaces that frames are sent from and seen at; forgets those opened before. */
  async open(ports: readonly Port[]): Promise<void> {
    await this.#ask(`open ${ports.length}`, ...ports.map(({ netns, link }) => `${netns} ${link}`))
    this.#ports = ports
  }

  /** Sends the frames one after the other and gives what arrived at the open interfaces. */
  async run(frames: KernelCase['frames']): Promise<CapturedAt[]> {
    const indices = new Map(this.#ports.map((port, index) => [portName(port), index]))
    const lines = frames.map(({ port, bytes, after = 0 }) => {
      const index = indices.get(portName(port))
      if (index === undefined) throw new Error(`${portName(port)} is not open`)
      return `${index} ${Math.round(after * 1000)} ${Buffer.from(bytes).toString('hex')}`
    })
    this.#send(`run ${lines.length}`, ...lines)
    const captured: CapturedAt[] = []
    let cause = 0
    for (;;) {
      const line = await this.#line()
      if (line === '.') return captured
      const [first, second, third] = line.split(' ')
      if (first === '=') cause = Number(second) + 1
      else if (first === '!') throw new Error(`the kernel did not send a frame (errno ${third})`)
      else if (first === 'error') throw new Error(decode(second))
      else {
        const port = this.#ports[Number(first)]!
        captured.push({ port, bytes: Buffer.from(second!, 'hex'), cause: Math.min(cause, frames.length - 1) })
      }
    }
  }

  /** Runs commands and gives what each printed. */
  async outputs(commands: readonly string[]): Promise<Output[]> {
    if (commands.length === 0) return []
    const text = await this.script(
      commands.map((command) => `${command} 2>/dev/null\necho ${SEPARATOR}`).join('\n'),
    )
    const parts = text.split(`${SEPARATOR}\n`)
    return commands.map((command, index) => ({ command, text: parts[index]! }))
  }

  /** Deletes every namespace. */
  async reset(): Promise<void> {
    await this.#ask('reset')
    this.#ports = []
  }

  /** A whole case in fresh namespaces. */
  async outcome(kase: KernelCase, look: readonly string[]): Promise<Outcome> {
    await this.reset()
    this.write(kase.files ?? {})
    await this.script(quietly(kase.script))
    await this.open(portsOf(kase))
    const start = performance.now()
    const captured = await this.run(kase.frames)
    const elapsed = performance.now() - start
    const watched = new Set(watchedPorts(kase).map(portName))
    return {
      captured: captured.filter(({ port }) => watched.has(portName(port))),
      outputs: await this.outputs(look),
      elapsed,
    }
  }

  #send(...lines: string[]): void {
    this.#agent.stdin.write(`${lines.join('\n')}\n`)
  }

  async #ask(...lines: string[]): Promise<string[]> {
    this.#send(...lines)
    const [status, ...words] = (await this.#line()).split(' ')
    if (status !== 'ok') throw new Error(decode(words[0]))
    return words
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('the agent has ended')
    return value
  }
}

/** Kernel side only, by namespace: see docs/oracle.md. The engine sends nothing of the kind. */
const QUIET = [
  // Locally made IPv6 packets would carry a flow label hashed with a secret of this boot.
  'net.ipv6.auto_flowlabels=0',
  // Multicast listener reports are repeated at random moments in these many milliseconds.
  'net.ipv6.conf.default.mldv1_unsolicited_report_interval=1',
  'net.ipv6.conf.default.mldv2_unsolicited_report_interval=1',
  'net.ipv6.conf.default.router_solicitations=0',
  'net.ipv6.conf.default.accept_dad=0',
]

/**
 * The script with QUIET set in every namespace that it adds, and with a pause before its first rule, in which the
 * reports of new interfaces go out, so that no rule counts them.
 */
export function quietly(script: string): string {
  const lines = script.split('\n').flatMap((line) => {
    const name = /^ip netns add (\S+)/.exec(line)?.[1]
    return name === undefined ? [line] : [line, `ip netns exec ${name} sysctl -q -w ${QUIET.join(' ')}`]
  })
  const firstRule = lines.findIndex((line) => line.includes('tables'))
  return [...lines.slice(0, firstRule), 'sleep 0.1', ...lines.slice(firstRule)].join('\n')
}

function portsOf(kase: KernelCase): Port[] {
  const all = [...watchedPorts(kase), ...kase.frames.map(({ port }) => port)]
  return [...new Map(all.map((port) => [portName(port), port])).values()]
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64') || '-'
}

function decode(text: string | undefined): string {
  return text === undefined || text === '-' ? '' : Buffer.from(text, 'base64').toString()
}
