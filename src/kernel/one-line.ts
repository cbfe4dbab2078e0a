/** Text of others for a line of a terminal: what would end the line, or order the terminal about, is written out. */

/** Control characters (C0, DEL, C1), line and paragraph separators, and what turns the direction of text. */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** `a\u001b[31m` as `a\\u001b[31m`; what is safe stays as it is. */
export function oneLine(text: string): string {
  return text.replaceAll(
    UNSAFE,
    (char) => NAMED[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Lines that are ours, with names in them that are not. */
export function safeLines(lines: readonly string[]): string {
  return lines.map(oneLine).join('\n')
}
