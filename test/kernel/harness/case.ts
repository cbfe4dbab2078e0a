/** What is compared: one lab script, frames sent from interfaces of its namespaces, and what is looked at after. */

/** An interface of a namespace, as in `--inject NS/IF`. */
export interface Port {
  readonly netns: string
  readonly link: string
}

/** A frame sent out of an interface: it arrives at the other end of the veth. */
export interface CaseFrame {
  readonly port: Port
  readonly bytes: Uint8Array
  /** Milliseconds that pass before this frame is sent, in real and in virtual time (default 0). */
  readonly after?: number
}

export interface KernelCase {
  /** A lab script: the kernel runs it with `sh -e`, the engine with `Lab`. */
  readonly script: string
  readonly frames: readonly CaseFrame[]
  /** Files that the script reads by `< NAME`. */
  readonly files?: Readonly<Record<string, string>>
  /** Interfaces whose arriving frames are compared. Default: every interface that a frame is sent from. */
  readonly watch?: readonly Port[]
  /** Commands whose output is compared afterwards. Default: rules, sets and conntrack of the namespace `node`. */
  readonly look?: readonly string[]
}

/** What one side did with a case. */
export interface Outcome {
  readonly captured: readonly CapturedAt[]
  readonly outputs: readonly Output[]
  /** Real or virtual milliseconds from the first frame to the first command of `then`. */
  readonly elapsed: number
}

export interface CapturedAt {
  readonly port: Port
  readonly bytes: Uint8Array
  /** Index of the frame after whose sending this one was seen. */
  readonly cause: number
}

export interface Output {
  readonly command: string
  readonly text: string
}

export const LOOK: readonly string[] = [
  'ip netns exec node iptables-save -c',
  'ip netns exec node ip6tables-save -c',
  'ip netns exec node ipset save',
  'ip netns exec node conntrack -L',
]

export function portName({ netns, link }: Port): string {
  return `${netns}/${link}`
}

export function watchedPorts({ frames, watch }: KernelCase): Port[] {
  if (watch !== undefined) return [...watch]
  const byName = new Map(frames.map(({ port }) => [portName(port), port]))
  return [...byName.values()]
}
