/** Standard output for texts that are long in coming: written as they are made, and no longer than somebody reads. */
import { once } from 'node:events'

/** Written at once: less costs more calls than it saves waiting. */
const CHUNK = 1 << 16

/** Stops, and asks for no more pieces, when whoever read has gone. */
export async function write(pieces: Iterable<string>): Promise<void> {
  let gone = false
  const onError = (): void => void (gone = true)
  process.stdout.on('error', onError)
  let waiting = ''
  for (const piece of pieces) {
    waiting += piece
    if (waiting.length < CHUNK) continue
    await writeAll(waiting)
    waiting = ''
    if (gone) break
  }
  if (!gone && waiting !== '') await writeAll(waiting)
  process.stdout.off('error', onError)
}

/** Until there is room for more, and whoever listens for errors has been told of them. */
async function writeAll(text: string): Promise<void> {
  const { stdout } = process
  if (!stdout.write(text)) await once(stdout, 'drain').catch(() => {})
  await new Promise(setImmediate)
}
