/**
 * `podwire verify`: what people expect of their policies, put to packets and to the reference evaluator; and the
 * dataplane against the evaluator, over packets that are drawn.
 */
import { readFileSync } from 'node:fs'
import { checkExpectations, type Checked } from '../../cluster/expectations/check.ts'
import { parseExpectations, type Expectation } from '../../cluster/expectations/read.ts'
import { fileReason, Problem } from '../../kernel/problem.ts'
import { bootWith, BUILT_MODES, clusterOptionsOf, loadFlags } from '../boot.ts'
import { EXIT_DONE, EXIT_EXPECTATION_FAILED } from '../exit.ts'
import { formatReport, REPORT_FORMATS, reportHolds } from '../format/report.ts'
import { parseChoice, parseCount, type ClusterFlags } from '../options.ts'
import { parsePolicyOptions, type PolicyFlags } from '../policy-options.ts'
import { oneLine } from '../../kernel/one-line.ts'
import { unnamedExpectations } from '../verify/unnamed.ts'
import { mutate } from '../verify/mutate.ts'
import { verifyProperty, type PropertyResult } from '../verify/property.ts'

export interface VerifyFlags extends ClusterFlags, PolicyFlags {
  readonly expect?: readonly string[]
  readonly runs?: string
  readonly mutate?: boolean
  readonly minScore?: string
  readonly output?: string
}

const RUNS = 1000

export async function verify(flags: VerifyFlags): Promise<number> {
  const format = parseChoice(flags.output, '--output', REPORT_FORMATS, 'table')
  const runs = parseCount(flags.runs, '--runs', RUNS, { from: 1, to: 10_000_000 })
  const policyOptions = parsePolicyOptions(flags)
  const expectations = (flags.expect ?? []).flatMap(readExpectations)
  const property = expectations.length === 0 || flags.runs !== undefined
  if (property && flags.policyOption !== undefined) {
    throw new Problem('needs --expect and no --runs: packets that are drawn go by the defaults', {
      field: '--policy-option',
    })
  }
  if (flags.mutate === true && expectations.length === 0) {
    throw new Problem('needs --expect: what is tried is how much the expectations notice', {
      field: '--mutate',
    })
  }
  if (flags.mutate === true && format !== 'table' && format !== 'json') {
    throw new Problem(`is told as table or json, not as ${format}`, { field: '--mutate' })
  }
  if (flags.minScore !== undefined && flags.mutate !== true) {
    throw new Problem('needs --mutate: the score is of its faults', { field: '--min-score' })
  }
  const minScore = parseCount(flags.minScore, '--min-score', 0, { from: 0, to: 100 })
  const base = clusterOptionsOf(flags)
  const modes = flags.proxyMode === undefined ? BUILT_MODES : [base.proxyMode]
  const manifests = await loadFlags(flags)
  for (const file of unnamedExpectations(flags.filename ?? [], flags.expect ?? [])) {
    process.stderr.write(
      `podwire: warning: ${oneLine(file)}: expectations that are not checked: name the file with --expect\n`,
    )
  }
  let checks: Checked[] = []
  const properties: PropertyResult[] = []
  for (const [index, proxyMode] of modes.entries()) {
    const options = { ...base, proxyMode }
    const cluster = await bootWith(options, manifests)
    // The reference is the same in every mode: it is asked once.
    const found = checkExpectations(cluster, expectations, { reference: index === 0, policyOptions })
    checks = index === 0 ? found : checks.map((check, at) => withAnswers(check, found[at]))
    if (!property) continue
    const request = { runs, seed: base.seed ?? 1, options }
    properties.push(await verifyProperty(cluster, manifests, request))
  }
  const sound = reportHolds({ checks, properties })
  const mutations =
    flags.mutate === true && sound
      ? await mutate(manifests, expectations, { options: base, runs })
      : undefined
  const report = { checks, properties, ...(mutations === undefined ? {} : { mutations }) }
  process.stdout.write(formatReport(report, format))
  if (!sound) {
    if (format !== 'table') process.stderr.write('podwire: verification failed\n')
    return EXIT_EXPECTATION_FAILED
  }
  const score = mutations?.score ?? 1
  if (score * 100 >= minScore) return EXIT_DONE
  process.stderr.write(`podwire: the expectations catch ${Math.round(score * 100)} %, wanted ${minScore} %\n`)
  return EXIT_EXPECTATION_FAILED
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
