/** Interface names as rules hold them: at most 15 characters, a trailing `+` stands for any ending. */
import { Problem } from '../problem.ts'

const IFNAMSIZ = 16

export function interfaceName(text: string): string {
  if (text.length >= IFNAMSIZ)
    throw new Problem(`interface name \`${text}' must be shorter than IFNAMSIZ (${IFNAMSIZ - 1})`, {
      field: text,
    })
  if (text === '') throw new Problem('Empty interface is likely to be undesired')
  return text
}
