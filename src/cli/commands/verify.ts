/** `podwire verify`: what people expect of their policies, put to packets and to the reference evaluator. */
import { readFileSync } from 'node:fs'
import { checkExpectations, type Checked } from '../../cluster/expectations/check.ts'
import { parseExpectations, type Expectation } from '../../cluster/expectations/read.ts'
import { fileReason, Problem } from '../../kernel/problem.ts'
import { boot, BUILT_MODES } from '../boot.ts'
import { EXIT_DONE, EXIT_EXPECTATION_FAILED } from '../exit.ts'
import { formatReport, holds, REPORT_FORMATS } from '../format/report.ts'
import { parseChoice, type ClusterFlags } from '../options.ts'
import { parsePolicyOptions, type PolicyFlags } from '../policy-options.ts'

export interface VerifyFlags extends ClusterFlags, PolicyFlags {
  readonly expect: readonly string[]
  readonly output?: string
}

export async function verify(flags: VerifyFlags): Promise<number> {
  const format = parseChoice(flags.output, '--output', REPORT_FORMATS, 'table')
  const policyOptions = parsePolicyOptions(flags)
  const expectations = flags.expect.flatMap(readExpectations)
  let checks: Checked[] = []
  for (const [index, proxyMode] of modesOf(flags).entries()) {
    const cluster = await boot({ ...flags, proxyMode })
    // The reference is the same in every mode: it is asked once.
    const found = checkExpectations(cluster, expectations, { reference: index === 0, policyOptions })
    checks = index === 0 ? found : checks.map((check, at) => withAnswers(check, found[at]))
  }
  process.stdout.write(formatReport(checks, format))
  const failed = checks.filter((check) => !holds(check)).length
  if (failed === 0) return EXIT_DONE
  if (format !== 'table') {
    process.stderr.write(`podwire: ${failed} of ${checks.length} expectations failed\n`)
  }
  return EXIT_EXPECTATION_FAILED
}

function modesOf({ proxyMode }: ClusterFlags): readonly string[] {
  return proxyMode === undefined ? BUILT_MODES : [proxyMode]
}

function withAnswers(check: Checked, more: Checked | undefined): Checked {
  return { ...check, answers: [...(more?.answers ?? []), ...check.answers] }
}

function readExpectations(path: string): Expectation[] {
  const [file, name] = path === '-' ? ([0, 'stdin'] as const) : [path, path]
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new Problem(`cannot be read: ${fileReason(error)}`, { file: name })
  }
  return parseExpectations(text.replace(/^\uFEFF/, ''), name)
}
