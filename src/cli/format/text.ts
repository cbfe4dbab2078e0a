/** What several formats share: escapes, and tables for people. */
import { oneLine } from '../../kernel/one-line.ts'

/** For text of XML. Characters that XML 1.0 cannot hold become U+FFFD. */
export function escapeXml(text: string): string {
  return Array.from(text, (char) => ESCAPED[char] ?? (isXml(char) ? char : '\ufffd')).join('')
}

/** For attribute values of XML: a parser would make blanks of line ends that are not written out. */
export function xmlAttribute(text: string): string {
  return escapeXml(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')
}

/** Production 2 of XML 1.0: Char. */
function isXml(char: string): boolean {
  const code = char.codePointAt(0) ?? 0
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd
  return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || code > 0xffff
}

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
}

/** One line of RFC 4180, its end not included. */
export function csvLine(fields: readonly string[]): string {
  return fields
    .map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(',')
}

/** A row of a Markdown table. */
export function markdownRow(fields: readonly string[]): string {
  return `| ${fields.map((field) => oneLine(field).replaceAll('|', '\\|')).join(' | ')} |`
}

/** Columns two spaces apart, safe for a terminal, each as wide as its widest cell; no blanks at the ends of lines. */
export function alignColumns(table: readonly (readonly string[])[]): string[] {
  const rows = table.map((row) => row.map(oneLine))
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length)
  }
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** What `JSON.stringify(list, null, 1)` gives, piece by piece, for lists that are long or still being made. */
export function* jsonList<T>(items: Iterable<T>, valueOf: (item: T) => unknown): Generator<string> {
  let before = '[\n '
  for (const item of items) {
    yield before + JSON.stringify(valueOf(item), null, 1).replaceAll('\n', '\n ')
    before = ',\n '
  }
  yield before.startsWith('[') ? '[]\n' : '\n]\n'
}
