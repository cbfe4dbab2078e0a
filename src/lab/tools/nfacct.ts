import { Problem } from '../../kernel/problem.ts'
import type { Tool } from './tool.ts'

/** `nfacct add NAME`, `nfacct list` and `nfacct get NAME` (nfacct 1.0): named counters for `-m nfacct`. */
export const nfacct: Tool = ({ engine, netns, out }, words) => {
  const [verb = '', name, ...rest] = words
  const counters = engine.nfacctList(netns)
  if (rest.length > 0) throw new Problem(`nfacct: unexpected argument "${rest[0]!}"`, { field: rest[0]! })
  if (verb === 'list' && name === undefined) {
    for (const each of counters.keys()) out(line(each))
    return
  }
  if (verb !== 'add' && verb !== 'get')
    throw new Problem(`nfacct: unknown command "${verb === 'list' ? name! : verb}"`, {
      field: verb === 'list' ? name! : verb,
    })
  if (name === undefined) throw new Problem('nfacct: missing object name', { field: verb })
  if (verb === 'add') {
    if (counters.has(name)) throw new Problem('nfacct: File exists', { field: name })
    engine.nfacctAdd(netns, name)
  } else if (counters.has(name)) out(line(name))
  else throw new Problem('nfacct: No such file or directory', { field: name })

  function line(each: string): string {
    const { packets, bytes } = counters.get(each)!
    const digits = (number: number): string => String(number).padStart(20, '0')
    return `{ pkts = ${digits(packets)}, bytes = ${digits(bytes)} } = ${each};\n`
  }
}
