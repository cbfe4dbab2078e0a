import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const release = readFileSync('dist/engine.wasm')
const module = new WebAssembly.Module(release)

describe('the compiled engine', () => {
  it('is at most 160 KiB', () => {
    expect(release.byteLength).toBeLessThanOrEqual(160 * 1024)
  })

  it('imports nothing: an import would mean a checked array, a throw or a host call on the packet path', () => {
    expect(WebAssembly.Module.imports(module)).toEqual([])
  })

  it('exports its memory and functions that are named <noun>_<verb>', () => {
    const names = WebAssembly.Module.exports(module).map(({ name, kind }) => ({ name, kind }))
    expect(names).toContainEqual({ name: 'memory', kind: 'memory' })
    const functions = names.filter(({ kind }) => kind === 'function').map(({ name }) => name)
    expect(functions.filter((name) => !/^[a-z0-9]+(_[a-z0-9]+)+$/.test(name))).toEqual([])
  })
})
