/** What can go wrong between a client and the server, on demand. Everything is exact: nothing here is random. */
import { tooManyRequests, type ApiError } from './meta/status.ts'
import type { ApiRequest, Filter } from './request.ts'
import type { WatchStream } from './watch/stream.ts'

export type RequestPredicate = (request: ApiRequest) => boolean

const all: RequestPredicate = () => true

interface Rejection {
  readonly matches: RequestPredicate
  readonly error: ApiError
  left: number
}

export class Faults {
  readonly #watches: ReadonlyMap<WatchStream, ApiRequest>
  readonly #compact: () => void
  readonly #lags: { readonly matches: RequestPredicate; readonly milliseconds: number }[] = []
  #rejections: Rejection[] = []

  constructor(watches: ReadonlyMap<WatchStream, ApiRequest>, compact: () => void) {
    this.#watches = watches
    this.#compact = compact
  }

  /** Ends open watches as a server that restarts does; what was queued is lost. Returns how many. */
  closeWatches(matches: RequestPredicate = all): number {
    const streams = [...this.#watches].filter(([, request]) => matches(request)).map(([stream]) => stream)
    for (const stream of streams) stream.cut()
    return streams.length
  }

  /** Compacts history up to now: whoever resumes from an older revision gets 410 Expired. */
  expire(): void {
    this.#compact()
  }

  /** Events take so long to reach the watchers that match, from now on. The last word on a watch counts. */
  delayWatches(milliseconds: number, matches: RequestPredicate = all): void {
    this.#lags.unshift({ matches, milliseconds })
  }

  /** The next `times` requests that match fail. Default error: 429 with a retry after 1 s. */
  rejectRequests(times: number, matches: RequestPredicate = all, error: ApiError = tooManyRequests(1)): void {
    this.#rejections.push({ matches, error, left: times })
  }

  /** Forgets every delay and rejection. */
  clear(): void {
    this.#lags.length = 0
    this.#rejections = []
  }

  readonly watchLag = (request: ApiRequest): number =>
    this.#lags.find(({ matches }) => matches(request))?.milliseconds ?? 0

  readonly filter: Filter = (request, next) => {
    const rejection = this.#rejections.find(({ matches }) => matches(request))
    if (rejection === undefined) return next(request)
    if (--rejection.left <= 0) this.#rejections = this.#rejections.filter((other) => other !== rejection)
    const { status, code } = rejection.error
    return { kind: 'failure', code, status }
  }
}
