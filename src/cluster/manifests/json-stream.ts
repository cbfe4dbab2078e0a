/** JSON objects one after the other in one file, as kubectl takes them (apimachinery: util/yaml.YAMLOrJSONDecoder). */

export interface Piece {
  readonly text: string
  /** Where it begins, from 1. */
  readonly line: number
}

/** The objects of a stream of two and more; else the whole text, whatever it is. */
export function splitJson(text: string): Piece[] {
  const whole = [{ text, line: 1 }]
  if (!/^\s*\{/.test(text)) return whole
  const pieces: Piece[] = []
  let line = 1
  for (let start = 0; start < text.length;) {
    const end = endOfObject(text, start)
    if (end === undefined) return whole
    const piece = text.slice(start, end)
    if (!isJson(piece)) return whole
    pieces.push({ text: piece, line })
    line += piece.split('\n').length - 1
    start = /^\s*$/.test(text.slice(end)) ? text.length : end
  }
  return pieces.length > 1 ? pieces : whole
}

/** Behind the brace that closes the first one from `start` on, where there is only space between. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0
  for (const { 0: token, index } of text.slice(start).matchAll(/"(?:[^"\\]+|\\.)*"|[{}]|[^\s"{}]+/g)) {
    if (token === '{') depth++
    else if (token === '}') depth--
    if (depth === 0) return token === '}' ? start + index + 1 : undefined
  }
  return undefined
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
