/** Results in the forms that CI systems read. Times are not told: they are virtual. */
import { oneLine } from '../../kernel/one-line.ts'
import { escapeXml, xmlAttribute } from './text.ts'

export interface CiCase {
  readonly suite: string
  readonly classname: string
  readonly name: string
  readonly file?: string
  readonly failure?: { readonly message: string; readonly type: string; readonly text: string }
}

/** The XML that Jenkins, GitLab, GitHub actions and others take. */
export function junit(cases: readonly CiCase[]): string {
  const suites = [...new Set(cases.map(({ suite }) => suite))]
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="podwire verify" ${counts(cases)}>`,
    ...suites.flatMap((name) => {
      const own = cases.filter(({ suite }) => suite === name)
      return [
        `  <testsuite name="${xmlAttribute(name)}" ${counts(own)}>`,
        ...own.map(junitCase),
        '  </testsuite>',
      ]
    }),
    '</testsuites>',
    '',
  ].join('\n')
}

function counts(cases: readonly CiCase[]): string {
  const failures = cases.filter(({ failure }) => failure !== undefined).length
  return `tests="${cases.length}" failures="${failures}" errors="0"`
}

function junitCase({ classname, name, file, failure }: CiCase): string {
  const where = file === undefined ? '' : ` file="${xmlAttribute(file)}"`
  const open = `    <testcase classname="${xmlAttribute(classname)}" name="${xmlAttribute(name)}"${where} time="0"`
  if (failure === undefined) return `${open}/>`
  const { message, type, text } = failure
  return (
    `${open}>\n      <failure message="${xmlAttribute(message)}" type="${xmlAttribute(type)}">` +
    `${escapeXml(text)}</failure>\n    </testcase>`
  )
}

export interface TapTest {
  readonly name: string
  /** Empty: it holds. */
  readonly failures: readonly string[]
  /** `file:line`. */
  readonly at?: string
}

/** TAP 14, with what went wrong as YAML under the test. */
export function tap(tests: readonly TapTest[]): string {
  return [
    'TAP version 14',
    `1..${tests.length}`,
    ...tests.flatMap(({ name, failures, at }, index) => {
      const escaped = oneLine(name).replaceAll('\\', '\\\\').replaceAll('#', '\\#')
      const line = `${failures.length === 0 ? 'ok' : 'not ok'} ${index + 1} - ${escaped}`
      if (failures.length === 0) return [line]
      return [
        line,
        '  ---',
        ...(at === undefined ? [] : [`  at: ${oneLine(JSON.stringify(at))}`]),
        '  failures:',
        ...failures.map((text) => `    - ${oneLine(JSON.stringify(text))}`),
        '  ...',
      ]
    }),
    '',
  ].join('\n')
}
