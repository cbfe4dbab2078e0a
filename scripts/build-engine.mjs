// Compiles assembly/ with asc, release and debug, unless the modules are newer than every source.
// `--force` compiles in any case.
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as asc from 'assemblyscript/asc'

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
}
