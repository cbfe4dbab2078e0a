/** A server on a virtual clock, a client, and builders of small objects. */
import {
  ApiClient,
  ApiServer,
  type ApiServerOptions,
  type New,
  type Pod,
  type Service,
  type WatchEvent,
  type WatchStream,
} from '../../src/apiserver/index.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'

export function startServer(options: Partial<ApiServerOptions> = {}) {
  const clock = (options.clock as VirtualClock | undefined) ?? new VirtualClock()
  const server = new ApiServer({ clock, seed: 1, ...options })
  const warnings: string[] = []
  const client = new ApiClient(server, 'admin', (warning) => warnings.push(warning))
  return { clock, server, client, warnings }
}

export function newService(name: string, spec: Partial<Service['spec']> = {}): New<Service> {
  return {
    metadata: { name, namespace: 'default' },
    spec: { ports: [{ port: 80 }], selector: { app: name }, ...spec },
  }
}

export function newPod(
  name: string,
  { labels = {}, ...spec }: Partial<Pod['spec']> & { labels?: Record<string, string> } = {},
): New<Pod> {
  return {
    metadata: { name, namespace: 'default', labels },
    spec: { containers: [{ name: 'main', image: 'example.com/app:1' }], ...spec },
  }
}

/** Collects what a watch says. */
export function record(watch: WatchStream) {
  const events: WatchEvent[] = []
  const state = { events, closed: false }
  watch.subscribe({
    events: (batch) => void events.push(...batch),
    closed: () => {
      state.closed = true
    },
  })
  return state
}

/** `ADDED a@5`, `BOOKMARK @7`: an event in short. */
export function brief(event: WatchEvent): string {
  if (event.type === 'ERROR') return `ERROR ${event.object.code}`
  if (event.type === 'BOOKMARK') {
    const end = event.object.metadata.annotations === undefined ? '' : ' end'
    return `BOOKMARK${end} @${event.object.metadata.resourceVersion}`
  }
  return `${event.type} ${event.object.metadata.name}@${event.object.metadata.resourceVersion}`
}
