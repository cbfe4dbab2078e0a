/** `podwire matrix`: who may talk to whom. */
import { parsePorts } from '../../cluster/reference.ts'
import { boot, warnOfIdle } from '../boot.ts'
import { EXIT_DONE } from '../exit.ts'
import { formatMatrix, MATRIX_FORMATS } from '../format/matrix.ts'
import { parseChoice, type ClusterFlags } from '../options.ts'
import { parseReferenceOptions, type PolicyFlags } from '../policy-options.ts'

export interface MatrixFlags extends ClusterFlags, PolicyFlags {
  readonly port: string
  readonly reference?: boolean
  readonly output?: string
}

export async function matrix(flags: MatrixFlags): Promise<number> {
  const format = parseChoice(flags.output, '--output', MATRIX_FORMATS, 'table')
  const ports = parsePorts(flags.port, '--port')
  const options = parseReferenceOptions(flags)
  const cluster = await boot(flags)
  warnOfIdle(cluster)
  process.stdout.write(
    flags.reference === true
      ? formatMatrix(cluster.referenceMatrix({ ports }, options), format, 'reference')
      : formatMatrix(cluster.matrix({ ports }), format),
  )
  return EXIT_DONE
}
