/** The output of `ipset list`, read back. */
import type { IpSets } from '../ipset.ts'
import { Problem } from '../problem.ts'
import { splitWords } from '../iptables/words.ts'
import { applyIpset } from './apply.ts'
import { parseIpsetCommand, parseIpsetRestore, type IpsetCommand } from './command.ts'

/** `ipset save` text as sets. */
export const parseIpsetSave = (text: string, file?: string): IpSets =>
  applyIpset(new Map(), parseIpsetRestore(text, file), file === undefined ? {} : { file })

/** `ipset list` text as sets. Members of a list may come before the sets that they name. */
export function parseIpsetList(text: string, file?: string): IpSets {
  const creates: IpsetCommand[] = []
  const adds: IpsetCommand[] = []
  let name: string | undefined
  let type: string | undefined
  let inMembers = false
  for (const [i, line] of text.split('\n').entries()) {
    const at = { ...(file !== undefined && { file }), line: i + 1 }
    const field =
      /^(Name|Type|Header|Revision|Size in memory|References|Number of entries|Members):\s*(.*)$/.exec(line)
    if (line.trim() === '') inMembers = false
    else if (inMembers)
      adds.push({ ...parseIpsetCommand(['add', name!, ...splitWords(line.trim())]), line: i + 1 })
    else if (!field) throw new Problem('not a line of ipset list', { ...at, field: line.trim() })
    else if (field[1] === 'Name') name = field[2]!
    else if (field[1] === 'Type') type = field[2]!
    else if (field[1] === 'Header') {
      if (name === undefined || type === undefined)
        throw new Problem('Name and Type must come before Header', at)
      creates.push({ ...parseIpsetCommand(['create', name, type, ...splitWords(field[2]!)]), line: i + 1 })
    } else if (field[1] === 'Members') inMembers = true
  }
  return applyIpset(new Map(), [...creates, ...adds], file === undefined ? {} : { file })
}
