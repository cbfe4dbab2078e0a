import {
  applyIpset,
  parseIpsetCommand,
  parseIpsetRestore,
  printIpsetList,
  printIpsetSave,
} from '../../kernel/ipset/index.ts'
import type { IpsetCommand } from '../../kernel/ipset/index.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Context, Tool } from './tool.ts'

/** ipset: one command, or `restore < FILE`, which does all or nothing. */
export const ipset: Tool = (context, words) => {
  const command = parseIpsetCommand(words)
  const { engine, netns, out, stdin } = context
  switch (command.kind) {
    case 'save':
      out(printIpsetSave(engine.setsList(netns), command))
      return
    case 'list':
      out(
        printIpsetList(engine.setsList(netns), {
          ...command,
          references: (set) => engine.setsReferences(netns, set),
        }),
      )
      return
    case 'restore': {
      if (stdin === undefined)
        throw new Problem('ipset restore needs its commands from `< FILE`', { field: 'restore' })
      apply(context, parseIpsetRestore(stdin.text, stdin.file), command.exist ?? false, stdin.file)
      return
    }
    default:
      apply(context, [command], command.exist ?? false)
  }
}

function apply(context: Context, commands: readonly IpsetCommand[], exist: boolean, file?: string): void {
  const { engine, netns } = context
  const sets = applyIpset(engine.setsList(netns), commands, {
    references: (set) => engine.setsReferences(netns, set),
    exist,
    ...(file !== undefined && { file }),
  })
  engine.setsSet(netns, sets)
}
