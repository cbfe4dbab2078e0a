/** The types of the package, as a program sees them whose compiler knows neither the DOM nor Node. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-types-'))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(resolve('.'), join(folder, 'node_modules/podwire'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
})
afterAll(() => rmSync(folder, { recursive: true }))

function compile(program: string, lib: readonly string[]): string {
  writeFileSync(join(folder, 'program.ts'), program)
  const compilerOptions = { target: 'es2022', lib, module: 'nodenext', types: [], strict: true, noEmit: true }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck: false }, files: ['program.ts'] }),
  )
  const { stdout } = spawnSync(
    process.execPath,
    [resolve('node_modules/typescript/bin/tsc'), '-p', folder, '--preserveSymlinks'],
    { encoding: 'utf8' },
  )
  return stdout
}

const PROGRAM = `
import { Cluster, type Flow } from 'podwire'
import { Lab, Engine } from 'podwire/lab'
import { toConnect } from 'podwire/testing'
export const cluster = await Cluster.create({ nodes: 2, wasm: new Uint8Array() })
export const flow: Flow = cluster.connect({ from: 'a', to: 'b' })
export const all = [new Lab().run(''), Engine.create().instance.memory.buffer, toConnect]
`

it('need no DOM library', { timeout: 60_000 }, () => {
  expect(compile(PROGRAM, ['es2022'])).toBe('')
})

it('are there at all, and take a compiled module where there is such a thing', { timeout: 60_000 }, () => {
  const program = `${PROGRAM}
await Cluster.create({ wasm: new WebAssembly.Module(new Uint8Array()) })
export const wrong: number = cluster.render({ as: 'script' })`
  expect(compile(program, ['es2022', 'dom'])).toMatch(
    /^\S+program.ts\(\d+,14\): error TS2322: Type 'string' is not assignable to type 'number'.\n$/,
  )
})
