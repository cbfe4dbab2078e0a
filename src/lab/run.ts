/** What `podwire lab` does: two scripts, frames from capture files, captures into files. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileReason, Problem } from '../kernel/problem.ts'
import { Lab } from './lab.ts'
import { readPcap, writePcap, type CapturedFrame } from './pcap/index.ts'

export interface RunLabOptions {
  /** Path of the first script; `-` is standard input. */
  readonly script: string
  /** `NS/IF=FILE.pcap`. */
  readonly inject?: readonly string[]
  /** `NS/IF=FILE.pcap`. */
  readonly capture?: readonly string[]
  /** Path of the second script, run after the last frame; `-` is standard input. */
  readonly then?: string
  readonly seed?: number
}

export interface RunLabResult {
  /** What the first script printed (shown with -v). */
  readonly setup: string
  /** What the second script printed. */
  readonly output: string
  /** What the tools said on standard error. */
  readonly notes: string
  /** What LOG and NFLOG rules had to say: the namespace, then the line of the kernel's log. */
  readonly log: readonly string[]
  /** What was odd about the input. */
  readonly warnings: readonly string[]
}

interface PortFile {
  readonly option: string
  readonly netns: string
  readonly link: string
  readonly file: string
}

/**
 * Virtual time begins with the first frame's timestamp and follows the frames. Captures are written even when empty.
 * Throws a Problem for anything wrong with arguments, scripts or files; nothing is written then.
 */
export function runLab({ script, inject = [], capture = [], then, seed }: RunLabOptions): RunLabResult {
  const warnings: string[] = []
  if (script === '-' && then === '-') {
    throw new Problem('standard input can be read once, and is the first script', { field: '--then' })
  }
  const sources = inject.map((text) => portFile(text, '--inject'))
  const sinks = capture.map((text) => portFile(text, '--capture'))
  const frames = sources
    .flatMap((source) => framesOf(source, warnings))
    .toSorted((x, y) => compare(x.time, y.time))
  const lab = new Lab({
    start: frames.length === 0 ? 0 : milliseconds(frames[0]!.time),
    readFile: readText,
    ...(seed !== undefined && { seed }),
  })
  const setup = lab.run(readScript(script), nameOf(script))
  for (const port of sources) at(port, () => lab.engine.link(port.netns, port.link))
  for (const port of sinks) at(port, () => lab.capture(port.netns, port.link))
  for (const { time, bytes, linkType, ...port } of frames) {
    const { netns, link } = port
    lab.advanceTo(milliseconds(time))
    at(port, () => {
      lab.inject(netns, link, linkType === 'raw' ? lab.engine.ethernet(netns, link, bytes) : bytes)
    })
  }
  const captured = lab.takeCaptured()
  const output = then === undefined ? '' : lab.run(readScript(then), nameOf(then))
  for (const { netns, link, file } of sinks) {
    const here = captured.filter((frame) => frame.netns === netns && frame.link === link)
    writeBytes(
      file,
      writePcap(
        here.map(({ time, frame }) => ({ time: BigInt(Math.round(time * 1000)) * 1000n, bytes: frame })),
      ),
    )
  }
  const log = lab.takeLog().map(({ netns, line }) => `${netns}: ${line}`)
  return { setup, output, notes: lab.takeNotes(), log, warnings }
}

function portFile(text: string, option: string): PortFile {
  const parts = /^([^/=]+)\/([^/=]+)=(.+)$/.exec(text)
  if (parts === null) throw new Problem(`${option} takes NS/IF=FILE.pcap`, { field: text })
  return { option, netns: parts[1]!, link: parts[2]!, file: parts[3]! }
}

/** What goes wrong with an interface is told with the option that names it. */
function at({ option, netns, link }: PortFile, action: () => void): void {
  try {
    action()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw new Problem(error.reason, { field: `${option} ${netns}/${link}` })
  }
}

function framesOf(port: PortFile, warnings: string[]): (CapturedFrame & PortFile)[] {
  const { file } = port
  const frames = readPcap(readBytes(file), file)
  const cut = frames.filter(({ bytes, originalLength }) => bytes.length < originalLength)
  if (cut.length > 0) {
    warnings.push(`${file}: ${cut.length} packets were cut when they were captured, and are sent as they are`)
  }
  return frames.map((frame) => ({ ...frame, ...port }))
}

function compare(x: bigint, y: bigint): number {
  return x < y ? -1 : Number(x > y)
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1000n) / 1000
}

/** `from` is a path, or 0 for standard input. */
function readBytes(path: string, from: string | 0 = path): Uint8Array {
  try {
    return readFileSync(from)
  } catch (error) {
    throw new Problem(`cannot be read: ${fileReason(error)}`, { file: path })
  }
}

function writeBytes(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes)
  } catch (error) {
    throw new Problem(`cannot be written: ${fileReason(error)}`, { file: path })
  }
}

function readText(path: string): string {
  return new TextDecoder().decode(readBytes(path))
}

function readScript(path: string): string {
  return path === '-' ? new TextDecoder().decode(readBytes(nameOf(path), 0)) : readText(path)
}

function nameOf(path: string): string {
  return path === '-' ? 'stdin' : path
}
