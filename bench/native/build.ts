/** Builds the native baselines with the machine's C compiler. Without one, the bench says so and goes on. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

const flags = ['-O3', '-std=gnu11', '-Wall', '-Werror']

/** Path of the program built from `bench/native/<name>.c`, or undefined when there is no compiler. */
export function native(name: string): string | undefined {
  const out = 'dist/native'
  mkdirSync(out, { recursive: true })
  const program = join(out, name)
  try {
    execFileSync('gcc', [...flags, '-o', program, `bench/native/${name}.c`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return program
}

/** Runs a program that prints one number a line. */
export function numbers(program: string, args: readonly (string | number)[], input?: Uint8Array): number[] {
  return execFileSync(program, args.map(String), { input, encoding: 'utf8' }).trim().split(/\s+/).map(Number)
}
