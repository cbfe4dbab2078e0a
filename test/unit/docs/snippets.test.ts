import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript'
import { describe, expect, it } from 'vitest'

// What people read must be true. In README.md, CONTRIBUTING.md and docs/:
// * a ```ts block is run as a module (it may import 'podwire');
// * a ```console block holds `$ podwire …` commands, each with its output below; a line `…` stands for any lines.
interface Snippet {
  readonly place: string
  readonly language: string
  readonly text: string
}

const pages = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))].filter((path) =>
  path.endsWith('.md'),
)

function snippets(path: string): Snippet[] {
  const found: Snippet[] = []
  let open: { line: number; language: string; text: string[] } | undefined
  for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const fence = /^```(\w*)/.exec(line)
    if (fence === null) open?.text.push(line)
    else if (open === undefined) open = { line: index + 1, language: fence[1]!, text: [] }
    else {
      found.push({ place: `${path}:${open.line}`, language: open.language, text: open.text.join('\n') })
      open = undefined
    }
  }
  return found
}

function runModule(source: string): void {
  const { outputText } = transpileModule(source, {
    compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ES2023 },
  })
  mkdirSync('dist/snippets', { recursive: true })
  const file = `dist/snippets/${process.pid}-${counter++}.mjs`
  writeFileSync(file, outputText)
  execFileSync(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
}
let counter = 0

function checkConsole(text: string): void {
  for (const part of text.split(/^\$ /m).slice(1)) {
    const [command, ...expected] = part.trimEnd().split('\n')
    const [program, ...args] = command!.split(/\s+/)
    expect(program, 'a console snippet runs podwire').toBe('podwire')
    const { stdout, stderr } = spawnSync(process.execPath, ['dist/src/cli/main.js', ...args], {
      encoding: 'utf8',
    })
    expect(matches((stdout + stderr).trimEnd().split('\n'), expected), `${command}\n${stdout}${stderr}`).toBe(
      true,
    )
  }
}

/** Whether `lines` are `expected`, where `…` stands for any number of lines. */
function matches(lines: readonly string[], expected: readonly string[]): boolean {
  const [first, ...rest] = expected
  if (first === undefined) return lines.length === 0 || (lines.length === 1 && lines[0] === '')
  if (first.trim() === '…') return lines.some((_, at) => matches(lines.slice(at), rest)) || rest.length === 0
  return lines[0]?.trimEnd() === first.trimEnd() && matches(lines.slice(1), rest)
}

describe('what the pages say, runs', () => {
  const all = pages.flatMap(snippets)
  const ts = all.filter(({ language }) => language === 'ts')
  const consoles = all.filter(({ language }) => language === 'console')

  it.each(ts)('$place', ({ text }) => runModule(text))
  it.each(consoles)('$place', ({ text }) => checkConsole(text))

  it('looks at every page', () => {
    expect(pages).toContain('docs/architecture.md')
  })
})
