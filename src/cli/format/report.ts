/** What `podwire verify` found: for people, for programs and for CI systems. */
import { stringify } from 'yaml'
import type { Checked } from '../../cluster/expectations/check.ts'
import { formatMutationScore, type MutationScore } from '../../testing/mutation/index.ts'
import { safeLines } from '../../kernel/one-line.ts'
import type { PropertyResult } from '../verify/property.ts'
import { junit, tap, type CiCase, type TapTest } from './ci.ts'
import { alignColumns } from './text.ts'

export const REPORT_FORMATS = ['table', 'json', 'junit', 'tap'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

export interface Report {
  readonly checks: readonly Checked[]
  readonly properties: readonly PropertyResult[]
  /** Faults put under the expectations; told as table and json only. */
  readonly mutations?: MutationScore
}

export function formatReport(report: Report, format: ReportFormat): string {
  const { checks, properties, mutations } = report
  switch (format) {
    case 'table':
      return [
        ...(checks.length === 0 ? [] : [expectationTable(checks)]),
        ...(properties.length === 0 ? [] : [properties.map(propertyText).join('\n')]),
        ...(mutations === undefined ? [] : [formatMutationScore(mutations)]),
      ].join('\n')
    case 'json':
      return `${JSON.stringify(
        {
          ok: reportHolds(report),
          expectations: checks.map(expectationJson),
          properties: properties.map(propertyJson),
          ...(mutations === undefined ? {} : { mutations: mutationJson(mutations) }),
        },
        null,
        1,
      )}\n`
    case 'junit':
      return junit([...checks.flatMap(expectationCases), ...properties.map(propertyCase)])
    case 'tap':
      return tap([...checks.map(expectationTest), ...properties.map(propertyTest)])
    default:
      return format satisfies never
  }
}

export function reportHolds({ checks, properties }: Report): boolean {
  return checks.every(holds) && properties.every(({ counterexample }) => counterexample === undefined)
}

function holds({ answers }: Checked): boolean {
  return answers.every(({ ok }) => ok)
}

function expectationTable(checks: readonly Checked[]): string {
  const modes = checks[0]?.answers.map(({ by }) => by) ?? []
  const failed = checks.filter((check) => !holds(check))
  const rows = checks.map((check) => {
    const { from, to, expect } = check.expectation
    const verdicts = check.answers.map(({ verdict, ok }) => (ok ? verdict : `${verdict} ✗`))
    return [holds(check) ? 'ok' : 'FAILED', from, to, portText(check), expect, ...verdicts]
  })
  return safeLines([
    ...alignColumns([['', 'from', 'to', 'port', 'expected', ...modes], ...rows]),
    '',
    ...failed.flatMap((check) => [
      `FAILED ${[placeText(check), check.expectation.name].filter((part) => part !== '').join(': ')}`,
      ...wrong(check).map((text) => `  ${text}`),
    ]),
    ...(failed.length === 0 ? [] : ['']),
    failed.length === 0
      ? `${checks.length} of ${checks.length} expectations hold.`
      : `${failed.length} of ${checks.length} expectations FAILED.`,
    '',
  ])
}

function portText({ expectation: { port, protocol, family } }: Checked): string {
  const by = family === undefined ? '' : ` ${family}`
  if (port === undefined) return `${protocol ?? '-'}${by}`
  return `${port}${protocol === undefined ? '' : `/${protocol}`}${by}`
}

/** `file:line`, or ''. */
function placeText({ expectation: { place } }: Checked): string {
  return [place.file, place.line].filter((part) => part !== undefined).join(':')
}

/** One line for every answer that is not as expected. */
function wrong({ expectation, answers }: Checked): string[] {
  return answers
    .filter(({ ok }) => !ok)
    .map(
      ({ by, verdict, reason, pods }) =>
        `${by}: expected ${expectation.expect}, got ${verdict}${pods === undefined ? '' : ` for ${pods}`}: ${reason}`,
    )
}

function expectationJson(check: Checked): object {
  const { place, ...expectation } = check.expectation
  return {
    ...expectation,
    ok: holds(check),
    answers: check.answers,
    ...(place.file === undefined ? {} : { file: place.file }),
    ...(place.line === undefined ? {} : { line: place.line }),
  }
}

/** One for every answerer: a failure says which of them it is. */
function expectationCases(check: Checked): CiCase[] {
  const { name, expect, place } = check.expectation
  return check.answers.map(({ by, verdict, ok, reason, pods }) => ({
    suite: 'expectations',
    classname: `podwire.${by}`,
    name,
    ...(place.file === undefined ? {} : { file: place.file }),
    ...(ok
      ? {}
      : {
          failure: {
            message: `expected ${expect}, got ${verdict}`,
            type: 'expectation',
            text: [placeText(check), pods, reason]
              .filter((part) => part !== undefined && part !== '')
              .join(': '),
          },
        }),
  }))
}

function expectationTest(check: Checked): TapTest {
  const at = placeText(check)
  return { name: check.expectation.name, failures: wrong(check), ...(at === '' ? {} : { at }) }
}

function propertyText(result: PropertyResult): string {
  const { mode, seed, runs, checked, allowed, denied, differing, counterexample } = result
  const all = checked < runs ? `; all there is to ask, of the ${runs} wanted` : ''
  const counted = `${mode}: ${checked} packets (seed ${seed}${all}), ${allowed} allowed, ${denied} denied`
  if (counterexample === undefined) return `${counted}: the dataplane does what the policies say.\n`
  return [
    `${counted}: ${differing} DIFFER from what the policies say. One of them:`,
    '',
    safeLines(counterexample.text.trimEnd().split('\n')),
    '',
    `with ${counterexample.manifests.length} of ${counterexample.of} objects:`,
    ...counterexample.manifests.flatMap(({ object }) => ['---', stringify(object).trimEnd()]),
    '',
  ].join('\n')
}

function propertyJson({ counterexample, ...result }: PropertyResult): object {
  if (counterexample === undefined) return { ok: true, ...result }
  const { text, manifests } = counterexample
  return { ok: false, ...result, counterexample: { text, manifests: manifests.map(({ object }) => object) } }
}

function propertyName({ mode, seed, checked }: PropertyResult): string {
  return `${mode}: the dataplane does what the policies say (${checked} packets, seed ${seed})`
}

function propertyCase(result: PropertyResult): CiCase {
  const { mode, differing, counterexample } = result
  return {
    suite: 'properties',
    classname: `podwire.${mode}`,
    name: propertyName(result),
    ...(counterexample === undefined
      ? {}
      : {
          failure: {
            message: `${differing} packets differ`,
            type: 'property',
            text: propertyText(result),
          },
        }),
  }
}

function propertyTest(result: PropertyResult): TapTest {
  const failures = result.counterexample === undefined ? [] : [propertyText(result)]
  return { name: propertyName(result), failures }
}

function mutationJson({ mutants, ...counts }: MutationScore): object {
  return {
    ...counts,
    mutants: mutants.map(({ fault: { name, description }, ...rest }) => ({
      fault: name,
      description,
      ...rest,
    })),
  }
}
