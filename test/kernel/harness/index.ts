import { LOOK, type KernelCase } from './case.ts'
import { compareOutcomes, type Comparison } from './compare.ts'
import { engineOutcome } from './engine.ts'
import type { Kernel } from './kernel.ts'

export type { CaseFrame, KernelCase, Port } from './case.ts'
export type { Comparison } from './compare.ts'
export { Kernel, whyNoKernel } from './kernel.ts'

/** A case through the real kernel, in fresh namespaces, and through the engine. */
export async function compareWithKernel(kernel: Kernel, kase: KernelCase): Promise<Comparison> {
  const look = kase.look ?? LOOK
  const expected = await kernel.outcome(kase, look)
  return compareOutcomes(kase, expected, engineOutcome(kase, look))
}
