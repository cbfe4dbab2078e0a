/** Exit codes and how a mistake is told: one line on stderr first, naming the place; nothing else for the user's own. */
import { oneLine } from '../kernel/one-line.ts'
import { Problem } from '../kernel/problem.ts'

export const EXIT_DONE = 0
export const EXIT_EXPECTATION_FAILED = 1
export const EXIT_USAGE = 2
export const EXIT_FAULT = 3

/** Tells `error` on stderr and returns the exit code that goes with it. */
export function report(error: unknown): number {
  if (error instanceof Problem) {
    process.stderr.write(`podwire: ${oneLine(error.message)}\n`)
    return EXIT_USAGE
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  process.stderr.write(`podwire: internal error: ${message.split('\n', 1)[0]}\n`)
  process.stderr.write(
    `This is a fault of podwire, not of your input. Please report it with what follows.\n${stack ?? ''}\n`,
  )
  return EXIT_FAULT
}
