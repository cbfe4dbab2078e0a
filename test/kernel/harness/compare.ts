/** Compares what the kernel and the engine did with the same case. */
import { portName, watchedPorts, type CapturedAt, type KernelCase, type Outcome } from './case.ts'
import { describeFrame, hex } from './describe.ts'
import {
  count,
  differOnlyInFragmentId,
  differOnlyInLocalId,
  differOnlyInTimestampOption,
  differOnlyInTimestamps,
  identification,
  isNeighbourDiscovery,
  type MaskCounts,
} from './masks.ts'
import { diffOutput } from './outputs.ts'

export interface Comparison {
  readonly equal: boolean
  /** For people: empty when equal. */
  readonly report: string
  readonly framesSent: number
  readonly framesCaptured: number
  readonly masks: MaskCounts
}

/** `masks`: what was forgiven before, counted on. */
export function compareOutcomes(
  kase: KernelCase,
  kernel: Outcome,
  engine: Outcome,
  masks: MaskCounts = new Map(),
): Comparison {
  const report: string[] = []
  let framesCaptured = 0
  const sentIds = new Set(
    kase.frames.map(({ bytes }) => identification(bytes)).filter((id) => id !== undefined),
  )
  for (const port of watchedPorts(kase)) {
    const here = (outcome: Outcome): CapturedAt[] =>
      outcome.captured.filter((frame) => portName(frame.port) === portName(port) && !isNoise(frame, masks))
    const [expected, actual] = [here(kernel), here(engine)]
    framesCaptured += expected.length
    report.push(...diffFrames(portName(port), expected, actual, sentIds, masks))
  }
  const slack = Math.abs(kernel.elapsed - engine.elapsed) / 1000
  for (const [index, output] of kernel.outputs.entries()) {
    report.push(...diffOutput(output, engine.outputs[index]!, slack, masks))
  }
  const equal = report.length === 0
  if (!equal) report.push('sent:', ...sentFrames(kase))
  return { equal, report: report.join('\n'), framesSent: kase.frames.length, framesCaptured, masks }
}

function isNoise({ bytes }: CapturedAt, masks: MaskCounts): boolean {
  if (!isNeighbourDiscovery(bytes)) return false
  count(masks, 'neighbour-discovery')
  return true
}

function diffFrames(
  port: string,
  expected: readonly CapturedAt[],
  actual: readonly CapturedAt[],
  sentIds: ReadonlySet<number>,
  masks: MaskCounts,
): string[] {
  const difference: string[] = []
  const fragmentIds = new Map<string, string>()
  for (let index = 0; index < Math.max(expected.length, actual.length); index++) {
    const [theirs, ours] = [expected[index], actual[index]]
    if (theirs !== undefined && ours !== undefined) {
      if (hex(theirs.bytes) === hex(ours.bytes)) continue
      if (differOnlyInLocalId(theirs.bytes, ours.bytes, sentIds)) {
        count(masks, 'ip-id-of-local-packets')
        continue
      }
      if (differOnlyInFragmentId(theirs.bytes, ours.bytes, fragmentIds)) {
        count(masks, 'ipv6-fragment-id')
        continue
      }
      if (differOnlyInTimestamps(theirs.bytes, ours.bytes, sentIds)) {
        count(masks, 'icmp-timestamp')
        continue
      }
      if (differOnlyInTimestampOption(theirs.bytes, ours.bytes, sentIds)) {
        count(masks, 'ip-timestamp-option')
        continue
      }
    }
    difference.push(line('kernel', theirs), line('engine', ours))
    // One frame too few shifts all behind it: the first difference tells, the rest is noise.
    break
  }
  if (difference.length === 0) return []
  const counts = `kernel ${expected.length} frames, engine ${actual.length}`
  return [`frames arriving at ${port} (${counts}):`, ...difference]
}

function line(side: string, frame: CapturedAt | undefined): string {
  if (frame === undefined) return `  ${side}  nothing`
  return `  ${side}  after frame ${frame.cause}: ${describeFrame(frame.bytes)}\n          ${hex(frame.bytes)}`
}

function sentFrames({ frames }: KernelCase): string[] {
  return frames.map(({ port, bytes }, index) => `  ${index} ${portName(port)}: ${describeFrame(bytes)}`)
}
