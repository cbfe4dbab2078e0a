import { Engine } from '../engine/engine.ts'
import type { LogRecord } from '../engine/index.ts'
import { Problem } from '../kernel/problem.ts'
import { runScript } from './shell.ts'
import { ROOT_NETNS } from './tools/tool.ts'

export interface LabOptions {
  /** Seed of every random choice (ports, statistic); the same seed repeats a run. Default 1. */
  readonly seed?: number
  /** Milliseconds since the epoch at which virtual time begins. Default 0. */
  readonly start?: number
  /** How a script's `< FILE` is read. Default: no files. */
  readonly readFile?: (path: string) => string
}

export interface LabFrame {
  readonly netns: string
  readonly link: string
  /** Virtual time at which it arrived, milliseconds since the epoch. */
  readonly time: number
  readonly frame: Uint8Array
}

/** Network namespaces built by lab scripts, with packets sent through them: no Kubernetes, and no root. */
export class Lab {
  readonly engine: Engine
  readonly #readFile: (path: string) => string
  #notes = ''

  constructor({ seed = 1, start = 0, readFile = noFiles }: LabOptions = {}) {
    this.engine = Engine.create({ seed })
    this.engine.advanceTo(start)
    this.engine.log(true)
    this.engine.netnsAdd(ROOT_NETNS)
    this.#readFile = readFile
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.engine.now
  }

  /** Runs timers up to a time; time never goes back. */
  advanceTo(milliseconds: number): void {
    if (milliseconds > this.engine.now) this.engine.advanceTo(milliseconds)
  }

  /**
   * Runs a lab script and gives what its commands print. Throws a Problem that names file, line and word; the commands
   * before it stay done.
   */
  run(script: string, file = 'script'): string {
    let output = ''
    runScript(script, file, {
      engine: this.engine,
      readFile: this.#readFile,
      out: (text) => (output += text),
      note: (text) => (this.#notes += text),
    })
    return output
  }

  /** What commands said on standard error since the last call, e.g. how many flows were deleted. */
  takeNotes(): string {
    const notes = this.#notes
    this.#notes = ''
    return notes
  }

  /** Sends an Ethernet frame out of an interface, as `tcpreplay -i LINK` does in that namespace, and runs what it causes. */
  inject(netns: string, link: string, frame: Uint8Array): void {
    this.engine.transmit(netns, link, frame)
    this.engine.run()
  }

  /** From now on keeps the frames that arrive at an interface; what is injected there is not among them. */
  capture(netns: string, link: string): void {
    this.engine.capture(netns, link, true)
  }

  /** What LOG and NFLOG rules had to say since the last call; `line` is how the kernel's log has it. */
  takeLog(): LogRecord[] {
    return this.engine.takeLog()
  }

  /** The frames captured since the last call, in the order in which they arrived. */
  takeCaptured(): LabFrame[] {
    return this.engine.takeCaptured().map(({ netns, link, time, frame }) => ({ netns, link, time, frame }))
  }
}

function noFiles(path: string): string {
  throw new Problem('this lab reads no files', { field: path })
}
