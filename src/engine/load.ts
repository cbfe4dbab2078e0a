/** Finds the compiled engine beside this code: in the checkout (`dist/engine.wasm`) and in the package. Node only. */
import { Problem } from '../kernel/problem.ts'

/**
 * A `WebAssembly.Module`. A program whose compiler knows no WebAssembly (neither the DOM library nor Node's types)
 * can still be built against ours: an object to it.
 */
export type CompiledModule = typeof globalThis extends {
  readonly WebAssembly: { readonly Module: new (bytes: never) => infer Module }
}
  ? Module
  : object

/** The engine, compiled or as the bytes of `dist/engine.wasm`. */
export type CompiledEngine = CompiledModule | Uint8Array

let compiled: CompiledModule | undefined

/** The engine, read and compiled once a process. */
export function loadEngine(): CompiledModule {
  if (compiled) return compiled
  const fs = globalThis.process?.getBuiltinModule?.('node:fs')
  if (!fs)
    throw new Problem('the engine must be given as bytes where there are no files: Engine.create({ wasm })')
  for (const path of ['../../engine.wasm', '../../dist/engine.wasm']) {
    const url = new URL(path, import.meta.url)
    if (!fs.existsSync(url)) continue
    compiled = new WebAssembly.Module(fs.readFileSync(url))
    return compiled
  }
  throw new Problem('dist/engine.wasm is missing: run `npm run build`')
}
