#!/usr/bin/env node
/** The command line. */
import { readFileSync } from 'node:fs'
import { fileReason, Problem } from '../kernel/problem.ts'
import { report } from './exit.ts'
import { run } from './program.ts'

// Whoever reads our output may stop reading (`| head`): that is not an error, and the exit code stays that of the work.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE')
    process.exit(report(new Problem(fileReason(error), { file: 'standard output' })))
})
process.exitCode = await run(process.argv.slice(2), version())

function version(): string {
  const manifest = new URL('../../../package.json', import.meta.url)
  return String((JSON.parse(readFileSync(manifest, 'utf8')) as { version: unknown }).version)
}
