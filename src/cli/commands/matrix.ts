/** `podwire matrix`: who may talk to whom. */
import { parsePorts } from '../../cluster/reference.ts'
import { boot, warnOfIdle } from '../boot.ts'
import { EXIT_DONE } from '../exit.ts'
import { formatMatrix, MATRIX_FORMATS } from '../format/matrix.ts'
import { parseChoice, parseFamily, type ClusterFlags } from '../options.ts'
import { parseReferenceOptions, type PolicyFlags } from '../policy-options.ts'

export interface MatrixFlags extends ClusterFlags, PolicyFlags {
  readonly port: string
  readonly family?: string
  readonly reference?: boolean
  readonly output?: string
}

export async function matrix(flags: MatrixFlags): Promise<number> {
  const format = parseChoice(flags.output, '--output', MATRIX_FORMATS, 'table')
  const ports = parsePorts(flags.port, '--port')
  const family = flags.family === undefined ? {} : { family: parseFamily(flags.family) }
  const options = parseReferenceOptions(flags)
  const cluster = await boot(flags)
  warnOfIdle(cluster)
  process.stdout.write(
    flags.reference === true
      ? formatMatrix(cluster.referenceMatrix({ ports, ...family }, options), format, 'reference')
      : formatMatrix(cluster.matrix({ ports, ...family }), format),
  )
  return EXIT_DONE
}
