/** Every block of the guide to property testing is a test that passes, as its reader would write it down. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import {
  createProgram,
  flattenDiagnosticMessageText,
  getPreEmitDiagnostics,
  ModuleKind,
  ScriptTarget,
  type CompilerOptions,
} from 'typescript'
import { expect, it } from 'vitest'

const folder = resolve(`dist/snippets/guide-${process.pid}`)

/** The package by its own names, as it would be installed. */
const CONFIG = `
const at = (path) => ${JSON.stringify(resolve('dist/src'))} + path
export default {
  root: ${JSON.stringify(folder)},
  resolve: {
    alias: [
      { find: 'podwire/testing/vitest', replacement: at('/testing/vitest.js') },
      { find: 'podwire/testing', replacement: at('/testing/index.js') },
      { find: 'podwire', replacement: at('/index.js') },
    ],
  },
  test: { include: ['*.test.ts'] },
}
`

/** By the same names. What a block does not say, its reader has from `tsc --init`: strict. */
const TYPES: CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ScriptTarget.ES2023,
  module: ModuleKind.NodeNext,
  paths: {
    'podwire/testing/vitest': [resolve('dist/src/testing/vitest.d.ts')],
    'podwire/testing': [resolve('dist/src/testing/index.d.ts')],
    podwire: [resolve('dist/src/index.d.ts')],
  },
}

interface Report {
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly { readonly failureMessages: readonly string[] }[]
  }[]
}

it('every block of docs/property-testing.md compiles and passes', { timeout: 240_000 }, () => {
  const text = readFileSync('docs/property-testing.md', 'utf8')
  const blocks = [...text.matchAll(/^```typescript\n([^]*?)^```$/gm)].map(([, block]) => block ?? '')
  expect(blocks.length).toBeGreaterThan(5)
  mkdirSync(folder, { recursive: true })
  try {
    writeFileSync(`${folder}/vitest.config.mjs`, CONFIG)
    for (const [index, block] of blocks.entries())
      writeFileSync(`${folder}/block-${index + 1}.test.ts`, block)
    const program = createProgram(
      blocks.map((_, index) => `${folder}/block-${index + 1}.test.ts`),
      TYPES,
    )
    const wrong = getPreEmitDiagnostics(program).map(
      ({ file, messageText }) =>
        `${basename(file?.fileName ?? '')}: ${flattenDiagnosticMessageText(messageText, '\n')}`,
    )
    expect(wrong).toEqual([])
    const vitest = resolve('node_modules/vitest/vitest.mjs')
    const arguments_ = [vitest, 'run', '--config', `${folder}/vitest.config.mjs`, '--reporter=json']
    const env = { ...process.env }
    for (const name of Object.keys(env)) if (name.startsWith('VITEST')) delete env[name]
    const { stdout, stderr } = spawnSync(process.execPath, arguments_, { encoding: 'utf8', env })
    const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Report
    const failures = report.testResults.flatMap(({ message, assertionResults }) => [
      message,
      ...assertionResults.flatMap(({ failureMessages }) => failureMessages),
    ])
    expect(
      failures.filter((text) => text !== ''),
      stderr,
    ).toEqual([])
    expect(report.numPassedTests).toBe(blocks.length)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
