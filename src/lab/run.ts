/** What `podwire lab` does: two scripts, frames from capture files, captures into files. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileReason, Problem } from '../kernel/problem.ts'
import { Lab } from './lab.ts'
import { readPcap, writePcap, type CapturedFrame } from './pcap/index.ts'

export interface RunLabOptions {
  /** Path of the first script. */
  readonly script: string
  /** `NS/IF=FILE.pcap`. */
  readonly inject?: readonly string[]
  /** `NS/IF=FILE.pcap`. */
  readonly capture?: readonly string[]
  /** Path of the second script, run after the last frame. */
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
  /** What was odd about the input. */
  readonly warnings: readonly string[]
}

interface PortFile {
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
  const setup = lab.run(readText(script), script)
  for (const { netns, link } of sinks) lab.capture(netns, link)
  for (const { netns, link, time, bytes, linkType } of frames) {
    lab.advanceTo(milliseconds(time))
    lab.inject(netns, link, linkType === 'raw' ? lab.engine.ethernet(netns, link, bytes) : bytes)
  }
  const captured = lab.takeCaptured()
  const output = then === undefined ? '' : lab.run(readText(then), then)
  for (const { netns, link, file } of sinks) {
    const here = captured.filter((frame) => frame.netns === netns && frame.link === link)
    writeBytes(
      file,
      writePcap(
        here.map(({ time, frame }) => ({ time: BigInt(Math.round(time * 1000)) * 1000n, bytes: frame })),
      ),
    )
  }
  return { setup, output, notes: lab.takeNotes(), warnings }
}

function portFile(text: string, option: string): PortFile {
  const parts = /^([^/=]+)\/([^/=]+)=(.+)$/.exec(text)
  if (parts === null) throw new Problem(`${option} takes NS/IF=FILE.pcap`, { field: text })
  return { netns: parts[1]!, link: parts[2]!, file: parts[3]! }
}

function framesOf({ netns, link, file }: PortFile, warnings: string[]): (CapturedFrame & PortFile)[] {
  const frames = readPcap(readBytes(file), file)
  const cut = frames.filter(({ bytes, originalLength }) => bytes.length < originalLength)
  if (cut.length > 0) {
    warnings.push(`${file}: ${cut.length} packets were cut when they were captured, and are sent as they are`)
  }
  return frames.map((frame) => ({ ...frame, netns, link, file }))
}

function compare(x: bigint, y: bigint): number {
  return x < y ? -1 : Number(x > y)
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1000n) / 1000
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path)
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
