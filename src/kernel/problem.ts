/** A mistake in what the user gave us: one clear sentence and its place. The command line prints `place: message`. */
export class Problem extends Error {
  readonly place: Place

  constructor(message: string, place: Place = {}) {
    super(formatPlace(place) + message)
    this.name = 'Problem'
    this.place = place
  }
}

export interface Place {
  readonly file?: string
  readonly line?: number
  /** Path into an object, e.g. `spec.ports[1].port`, or the token at fault. */
  readonly field?: string
}

function formatPlace({ file, line, field }: Place): string {
  const where = [file, line].filter((part) => part !== undefined).join(':')
  return [where, field]
    .filter((part) => part !== undefined && part !== '')
    .map((part) => `${part}: `)
    .join('')
}
