/** What a command of a lab script works with. */
import type { Engine } from '../../engine/engine.ts'

/** The namespace in which a script begins; no script can name it. */
export const ROOT_NETNS = '.'

export interface Context {
  readonly engine: Engine
  /** The namespace that the command runs in. */
  readonly netns: string
  /** Standard input, when the command was given `< FILE`. */
  readonly stdin?: { readonly text: string; readonly file: string }
  /** Standard output; the text ends with a newline where the tool's does. */
  readonly out: (text: string) => void
  /** Standard error of a command that succeeds: counts, remarks. */
  readonly note: (text: string) => void
  /** Runs another command in a namespace (`ip netns exec`). */
  readonly exec: (netns: string, words: readonly string[]) => void
  /** Reads a file that the command names. */
  readonly readFile: (path: string) => string
}

export type Tool = (context: Context, words: readonly string[]) => void
