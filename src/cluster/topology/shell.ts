/** Words of a command as `sh` takes them (POSIX 2.2): what is written comes out as it was, and nothing of it is run. */

/** A line of a tool's own format (`iptables-save`, `ipset save`), once it is split, as words for the shell. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ')
}

function shellWord(word: string): string {
  if (/^[\w@%+=:,./!-]+$/.test(word)) return word
  // In double quotes only $, `, " and \ mean something; in single quotes nothing does but their end.
  return /[$`"\\]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`
}
