/** The conntrack table as a list: every entry looked at for everything. */
export interface TableEntry {
  readonly netns: number
  readonly original: string
  readonly reply: string
  readonly expires: number
  readonly serial: number
}

export class TableTwin {
  entries: readonly TableEntry[] = []
  #serial = 0

  get serial(): number {
    return this.#serial
  }

  /** False when either key is taken by an entry that lives. */
  insert(entry: Omit<TableEntry, 'serial'>, now: number): boolean {
    this.gcKeys(entry, now)
    const keys = new Set([entry.original, entry.reply])
    const taken = this.entries.some(
      (other) => other.netns === entry.netns && (keys.has(other.original) || keys.has(other.reply)),
    )
    if (!taken) this.entries = [...this.entries, { ...entry, serial: ++this.#serial }]
    return !taken
  }

  find(netns: number, tuple: string): TableEntry | undefined {
    return this.entries.find(
      (entry) => entry.netns === netns && (entry.original === tuple || entry.reply === tuple),
    )
  }

  delete(gone: TableEntry): void {
    this.entries = this.entries.filter((entry) => entry !== gone)
  }

  flush(netns: number): void {
    this.entries = this.entries.filter((entry) => entry.netns !== netns)
  }

  forget(serial: number): void {
    this.entries = this.entries.filter((entry) => entry.serial <= serial)
  }

  gc(now: number): number {
    const before = this.entries.length
    this.entries = this.entries.filter((entry) => entry.expires > now)
    return before - this.entries.length
  }

  /** Looking a dead key up removes its entry. */
  private gcKeys({ netns, original, reply }: Omit<TableEntry, 'serial'>, now: number): void {
    this.entries = this.entries.filter(
      (entry) =>
        entry.netns !== netns ||
        entry.expires > now ||
        ![entry.original, entry.reply].some((key) => key === original || key === reply),
    )
  }
}
