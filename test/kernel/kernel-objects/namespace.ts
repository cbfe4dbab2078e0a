/** A network namespace of the real kernel for one test file, and the real tools inside it. */
import { spawnSync } from 'node:child_process'

export const isRoot = process.getuid?.() === 0 && spawnSync('ip', ['netns', 'list']).status === 0

export interface Answer {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export class Namespace {
  readonly #name: string

  constructor(name: string) {
    this.#name = `podwire-${process.pid}-${name}`
    this.#ip('netns', 'add', this.#name)
  }

  run(command: readonly string[], input = ''): Answer {
    const { status, stdout, stderr } = spawnSync('ip', ['netns', 'exec', this.#name, ...command], {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
    return { status: status ?? -1, stdout, stderr }
  }

  /** Standard output; throws when the tool refuses. */
  ok(command: readonly string[], input = ''): string {
    const { status, stdout, stderr } = this.run(command, input)
    if (status === 0) return stdout
    throw new Error(`${command.join(' ')}: ${stderr}
${input}`)
  }

  delete(): void {
    this.#ip('netns', 'del', this.#name)
  }

  #ip(...args: readonly string[]): void {
    const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
  }
}

/** iptables-save's text without the lines that name the time. */
export const withoutComments = (text: string): string => text.replaceAll(/^#.*\n/gm, '')
