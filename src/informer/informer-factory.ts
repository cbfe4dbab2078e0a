/** The informers of one component: one a kind, shared by its controllers (client-go: informers/factory.go). */
import type { ApiClient, KindDefinition, KubeObject } from '../apiserver/index.ts'
import type { Clock } from '../sim/clock.ts'
import { Random } from '../sim/random.ts'
import { LocalListWatcher, type Scope } from './list-watcher.ts'
import { SharedInformer, type InformerOptions } from './shared-informer.ts'

export interface InformerFactoryOptions extends Partial<
  Pick<InformerOptions, 'queue' | 'watchList' | 'resyncPeriod'>
> {
  readonly clock: Clock
  readonly seed: number
}

export class InformerFactory {
  readonly client: ApiClient
  readonly #options: InformerFactoryOptions
  readonly #random: Random
  readonly #informers = new Map<string, SharedInformer<KubeObject>>()
  #started = false

  constructor(client: ApiClient, options: InformerFactoryOptions) {
    this.client = client
    this.#options = options
    this.#random = new Random(options.seed)
  }

  /** The informer of a kind, narrowed to `scope`. Made at the first call; one made after `start` starts at once. */
  informer<T extends KubeObject>(kind: KindDefinition<T>, scope: Scope = {}): SharedInformer<T> {
    const id = `${kind.group}/${kind.resource} ${JSON.stringify(scope)}`
    const found = this.#informers.get(id)
    if (found !== undefined) return found as unknown as SharedInformer<T>
    const informer = new SharedInformer(new LocalListWatcher(this.client, kind, scope), {
      ...this.#options,
      random: this.#random,
    })
    this.#informers.set(id, informer as unknown as SharedInformer<KubeObject>)
    if (this.#started) informer.start()
    return informer
  }

  start(): void {
    this.#started = true
    for (const informer of this.#informers.values()) informer.start()
  }

  stop(): void {
    for (const informer of this.#informers.values()) informer.stop()
  }

  hasSynced(): boolean {
    return [...this.#informers.values()].every((informer) => informer.hasSynced())
  }
}
