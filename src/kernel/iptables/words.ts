/**
 * Words of a line as iptables-restore cuts them (iptables/xshared.c: add_param_to_argv) and quotes them
 * (libxtables/xtables.c: xtables_save_string): blanks separate, double quotes group, a backslash inside quotes takes
 * the next character as it is, and a closing quote ends the word.
 */
import { Problem } from '../problem.ts'

export function splitWords(line: string): string[] {
  if (!line.includes('"')) return line.split(/[ \t]+/).filter((word) => word !== '')
  const words: string[] = []
  let word = ''
  let quoted = false
  let begun = false
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!
    if (quoted && char === '\\') {
      i++
      word += line[i] ?? ''
    } else if (quoted && char === '"') {
      words.push(word)
      word = ''
      quoted = begun = false
    } else if (quoted) {
      word += char
    } else if (char === '"') {
      quoted = true
    } else if (char === ' ' || char === '\t') {
      if (begun) words.push(word)
      word = ''
      begun = false
      continue
    } else {
      word += char
    }
    begun = quoted || word !== ''
  }
  if (quoted) throw new Problem('a double quote is not closed', { field: `"${word}` })
  if (begun) words.push(word)
  return words
}

const PLAIN = /^[-_0-9a-zA-Z]+$/

/** An argument as iptables-save writes free text: bare when it holds only letters, digits, `-` and `_`. */
export function quoteText(text: string): string {
  return PLAIN.test(text) ? text : `"${text.replaceAll(/["\\']/g, String.raw`\$&`)}"`
}

/** An argument that must survive splitWords, quoted only when it must be. */
export function quoteWord(word: string): string {
  return word !== '' && !/[\s"\\]/.test(word) ? word : quoteText(word)
}
