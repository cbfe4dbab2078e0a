/** What the loader of rulesets needs of the engine around it. */
export interface RulesetHost {
  /** A zeroed block of linear memory, 0 when memory cannot grow. Views taken before are void afterwards. */
  alloc(bytes: number): number
  free(ptr: number, bytes: number): void
  /** Linear memory as words, as it is now. */
  words(): Uint32Array
  setJumpStack(ptr: number): void
  /** The limit and nth matches of a chain begin anew. */
  resetChain(chain: number): void
  /** Address of the slot of a set in a namespace, undefined when there is no such set. */
  setSlot(netns: number, name: string): { readonly ptr: number; readonly dimensions: number } | undefined
  /** A rule that names the set came or went: a set in use cannot be destroyed. */
  setUse(netns: number, name: string, change: 1 | -1): void
  /** A chain whose SET targets add to the set came or went. */
  setFill(netns: number, name: string, change: 1 | -1): void
  /** Room for all that SET targets may add to the set; false when memory cannot grow. */
  setRoom(netns: number, name: string): boolean
}
