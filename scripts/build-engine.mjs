// Compiles assembly/ with asc, release and debug, unless the modules are newer than every source.
// `--force` compiles in any case.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as asc from 'assemblyscript/asc'
import binaryen from 'binaryen'

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
const sources = ['assembly', 'src/abi'].flatMap((dir) =>
  readdirSync(dir, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(dir, name)),
)
const newest = Math.max(modified('asconfig.json'), ...sources.map(modified))

mkdirSync('dist', { recursive: true })
for (const [target, file] of [
  ['release', 'dist/engine.wasm'],
  ['debug', 'dist/engine.debug.wasm'],
]) {
  if (modified(file) > newest && !process.argv.includes('--force')) continue
  const { error, stderr } = await asc.main(['--target', target])
  process.stderr.write(stderr.toString())
  if (error) {
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
  if (target === 'release') inline(file)
}

/**
 * A packet's walk makes some 45 calls, and V8 inlines none of them: wider limits for inlining than asc's own make the
 * walk of an established flow 13 % faster (250 → 219 ns, bench: forward) for a module of 125 instead of 92 KiB.
 */
function inline(file) {
  const module = binaryen.readBinary(readFileSync(file))
  const { BulkMemory, BulkMemoryOpt, MutableGlobals, NontrappingFPToInt, SIMD128, SignExt } =
    binaryen.Features
  module.setFeatures(BulkMemory | BulkMemoryOpt | MutableGlobals | NontrappingFPToInt | SIMD128 | SignExt)
  binaryen.setOptimizeLevel(3)
  binaryen.setShrinkLevel(0)
  binaryen.setOneCallerInlineMaxSize(5000)
  binaryen.setFlexibleInlineMaxSize(150)
  binaryen.setAlwaysInlineMaxSize(30)
  binaryen.setAllowInliningFunctionsWithLoops(true)
  module.optimize()
  writeFileSync(file, module.emitBinary())
  module.dispose()
}
