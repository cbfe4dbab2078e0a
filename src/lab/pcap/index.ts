/** Capture files: classic pcap and pcapng in, classic pcap out. */
import { Problem } from '../../kernel/problem.ts'
import type { CapturedFrame } from './capture-file.ts'
import { isClassicPcap, readClassicPcap } from './classic.ts'
import { isPcapng, readPcapng } from './pcapng.ts'

export type { CapturedFrame, LinkType } from './capture-file.ts'
export { writePcap } from './classic.ts'

/** Reads a capture file of either format. `file` is only for error messages. Throws a Problem. */
export function readPcap(bytes: Uint8Array, file: string): CapturedFrame[] {
  if (isClassicPcap(bytes)) return readClassicPcap(bytes, file)
  if (isPcapng(bytes)) return readPcapng(bytes, file)
  throw new Problem('not a capture file (expected pcap or pcapng)', { file })
}
