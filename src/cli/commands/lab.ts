/** `podwire lab`: a lab script in the engine, frames in, captures out, then a second script. */
import { runLab } from '../../lab/run.ts'
import { EXIT_DONE } from '../exit.ts'
import { parseCount } from '../options.ts'

export interface LabFlags {
  readonly script: string
  readonly inject?: readonly string[]
  readonly capture?: readonly string[]
  readonly then?: string
  readonly seed?: string
  readonly verbose?: boolean
}

export async function lab({ seed, verbose, inject = [], capture = [], ...run }: LabFlags): Promise<number> {
  const { setup, output, notes, log, warnings } = runLab({
    ...run,
    inject,
    capture,
    ...(seed === undefined ? {} : { seed: parseCount(seed, '--seed', 1, { from: 0, to: 0xffffffff }) }),
  })
  for (const warning of warnings) process.stderr.write(`podwire: warning: ${warning}\n`)
  process.stderr.write(notes)
  for (const line of log) process.stderr.write(`${line}\n`)
  if (verbose === true) process.stdout.write(setup)
  process.stdout.write(output)
  return EXIT_DONE
}
