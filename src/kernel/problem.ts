/** A mistake in what the user gave us: one clear sentence and its place. The command line prints `place: message`. */
export class Problem extends Error {
  readonly place: Place
  /** The sentence without its place. */
  readonly reason: string

  constructor(message: string, place: Place = {}) {
    super(formatPlace(place) + message)
    this.name = 'Problem'
    this.reason = message
    this.place = place
  }
}

/** Runs `action`; a Problem thrown inside gets the parts of `place` that it does not name itself. */
export function placed<T>(place: Place, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof Problem) throw new Problem(error.reason, { ...place, ...error.place })
    throw error
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

/** What the file system said, in words. */
export function fileReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  switch ('code' in error ? error.code : undefined) {
    case 'ENOENT':
      return 'no such file or directory'
    case 'EACCES':
      return 'permission denied'
    case 'EISDIR':
      return 'it is a folder'
    default:
      return error.message
  }
}
