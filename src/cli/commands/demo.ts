/** `podwire demo`: the guestbook, who may talk to whom in it, and one packet followed through each proxy mode. */
import { fileURLToPath } from 'node:url'
import { boot, BUILT_MODES, PROXY_MODES } from '../boot.ts'
import { EXIT_DONE } from '../exit.ts'
import { formatMatrix } from '../format/matrix.ts'
import type { ClusterFlags } from '../options.ts'

const GUESTBOOK = fileURLToPath(new URL('../../../../examples/guestbook', import.meta.url))
const PORTS = [
  { port: 80, protocol: 'tcp' },
  { port: 6379, protocol: 'tcp' },
] as const

export async function demo(flags: ClusterFlags): Promise<number> {
  for (const proxyMode of BUILT_MODES) {
    const cluster = await boot({ ...flags, proxyMode, filename: [GUESTBOOK] })
    if (proxyMode === BUILT_MODES[0]) {
      write(`The guestbook of examples/guestbook, on ${cluster.describe()}\n`)
      write('Who may talk to whom?\n')
      write(formatMatrix(cluster.matrix({ ports: PORTS }), 'table'))
    }
    write(`One packet, ${proxyMode} mode:\n`)
    write(cluster.trace({ from: 'deploy/frontend', to: 'svc/redis' }).text)
  }
  const missing = PROXY_MODES.filter((mode) => !BUILT_MODES.includes(mode))
  if (missing.length > 0) write(`Proxy modes that are not built yet: ${missing.join(', ')}.`)
  return EXIT_DONE
}

function write(text: string): void {
  process.stdout.write(`${text}\n`)
}
