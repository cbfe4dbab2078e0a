/** What came of a list of checks: for people, and in the forms that CI systems read. Times are not told: they are virtual. */
import type { Checked } from '../../cluster/expectations/check.ts'
import { alignColumns, escapeXml } from './text.ts'

export const REPORT_FORMATS = ['table', 'json', 'junit', 'tap'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

export function formatReport(checks: readonly Checked[], format: ReportFormat): string {
  switch (format) {
    case 'table':
      return table(checks)
    case 'json':
      return `${JSON.stringify(checks.map(jsonOf), null, 1)}\n`
    case 'junit':
      return junit(checks)
    case 'tap':
      return tap(checks)
    default:
      return format satisfies never
  }
}

export function holds({ answers }: Checked): boolean {
  return answers.every(({ ok }) => ok)
}

function table(checks: readonly Checked[]): string {
  const modes = checks[0]?.answers.map(({ by }) => by) ?? []
  const failed = checks.filter((check) => !holds(check))
  const rows = checks.map((check) => {
    const { from, to, expect } = check.expectation
    const verdicts = check.answers.map(({ verdict, ok }) => (ok ? verdict : `${verdict} ✗`))
    return [holds(check) ? 'ok' : 'FAILED', from, to, portText(check), expect, ...verdicts]
  })
  return [
    ...alignColumns([['', 'from', 'to', 'port', 'expected', ...modes], ...rows]),
    '',
    ...failed.flatMap((check) => [
      `FAILED ${placeText(check)}${check.expectation.name}`,
      ...wrong(check).map((text) => `  ${text}`),
    ]),
    ...(failed.length === 0 ? [] : ['']),
    failed.length === 0
      ? `${checks.length} of ${checks.length} expectations hold.`
      : `${failed.length} of ${checks.length} expectations FAILED.`,
    '',
  ].join('\n')
}

function portText({ expectation: { port, protocol } }: Checked): string {
  if (port === undefined) return protocol ?? '-'
  return `${port}${protocol === undefined ? '' : `/${protocol}`}`
}

function placeText({ expectation: { place } }: Checked): string {
  const { file, line } = place
  const where = [file, line].filter((part) => part !== undefined).join(':')
  return where === '' ? '' : `${where}: `
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

function jsonOf(check: Checked): object {
  const { name, from, to, port, protocol, expect, place } = check.expectation
  return {
    name,
    from,
    to,
    ...(port === undefined ? {} : { port }),
    ...(protocol === undefined ? {} : { protocol }),
    expect,
    ok: holds(check),
    answers: check.answers,
    ...(place.file === undefined ? {} : { file: place.file }),
    ...(place.line === undefined ? {} : { line: place.line }),
  }
}

/** One case for every expectation and answerer: a failure says which of them it is. */
function junit(checks: readonly Checked[]): string {
  const cases = checks.flatMap((check) => check.answers.map((answer) => ({ check, answer })))
  const failures = cases.filter(({ answer }) => !answer.ok).length
  const counts = `tests="${cases.length}" failures="${failures}" errors="0"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="podwire verify" ${counts}>`,
    `  <testsuite name="podwire verify" ${counts}>`,
    ...cases.map(({ check, answer: { by, verdict, ok, reason, pods } }) => {
      const { name, expect, place } = check.expectation
      const file = place.file === undefined ? '' : ` file="${escapeXml(place.file)}"`
      const open = `    <testcase classname="podwire.${escapeXml(by)}" name="${escapeXml(name)}"${file} time="0"`
      if (ok) return `${open}/>`
      const message = escapeXml(`expected ${expect}, got ${verdict}`)
      const text = escapeXml(`${placeText(check)}${pods === undefined ? '' : `${pods}: `}${reason}`)
      return `${open}>\n      <failure message="${message}" type="expectation">${text}</failure>\n    </testcase>`
    }),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

/** TAP 14: one test an expectation, with what went wrong as YAML. */
function tap(checks: readonly Checked[]): string {
  return [
    'TAP version 14',
    `1..${checks.length}`,
    ...checks.flatMap((check, index) => {
      const name = check.expectation.name
        .replaceAll('\\', '\\\\')
        .replaceAll('#', '\\#')
        .replaceAll('\n', ' ')
      const line = `${holds(check) ? 'ok' : 'not ok'} ${index + 1} - ${name}`
      if (holds(check)) return [line]
      const { file, line: at } = check.expectation.place
      return [
        line,
        '  ---',
        ...(file === undefined ? [] : [`  at: ${JSON.stringify(at === undefined ? file : `${file}:${at}`)}`]),
        '  failures:',
        ...wrong(check).map((text) => `    - ${JSON.stringify(text)}`),
        '  ...',
      ]
    }),
    '',
  ].join('\n')
}
