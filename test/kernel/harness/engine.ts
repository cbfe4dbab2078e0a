/** The engine's side: the same script and the same frames through `Lab`. */
import { Problem } from '../../../src/kernel/problem.ts'
import { Lab } from '../../../src/lab/index.ts'
import { portName, watchedPorts, type CapturedAt, type KernelCase, type Outcome } from './case.ts'

/** Milliseconds of virtual time between two frames that follow each other at once. */
const STEP = 0.02

/** `seed`: of what the engine draws at random (ports, `-m statistic --mode random`). */
export function engineOutcome(kase: KernelCase, look: readonly string[], seed = 1): Outcome {
  const { files = {} } = kase
  const lab = new Lab({
    seed,
    start: 1_700_000_000_000,
    readFile: (path) => {
      const text = files[path]
      if (text === undefined) throw new Problem('no such file in this case', { field: path })
      return text
    },
  })
  lab.run(kase.script)
  const watched = new Map(watchedPorts(kase).map((port) => [portName(port), port]))
  for (const { netns, link } of watched.values()) lab.capture(netns, link)
  const start = lab.now
  const captured: CapturedAt[] = []
  for (const [cause, { port, bytes, after = 0 }] of kase.frames.entries()) {
    lab.advanceTo(lab.now + after + STEP)
    lab.inject(port.netns, port.link, bytes)
    for (const { netns, link, frame } of lab.takeCaptured()) {
      captured.push({ port: { netns, link }, bytes: frame, cause })
    }
  }
  const outputs = look.map((command) => ({ command, text: lab.run(command) }))
  return { captured, outputs, elapsed: lab.now - start }
}
