import { parseSysctlCommand } from '../../kernel/sysctl.ts'
import type { Tool } from './tool.ts'

/** `sysctl [-q] [-w] KEY=VALUE…` and `sysctl KEY…` (procps): an assignment is printed unless `-q` is given. */
export const sysctl: Tool = ({ engine, netns, out }, words) => {
  const { assignments, reads } = parseSysctlCommand(words)
  const quiet = words.includes('-q') || words.includes('--quiet')
  for (const { key, value } of assignments) {
    engine.sysctlSet(netns, key, value)
    if (!quiet) out(`${key} = ${value}\n`)
  }
  for (const key of reads) out(`${key} = ${engine.sysctlGet(netns, key)}\n`)
}
