/** What the floors above use of the informers. */
export type { EventHandler, InformerOptions } from './shared-informer.ts'
export { InformerFactory, type InformerFactoryOptions } from './informer-factory.ts'
export { BY_NAMESPACE, Indexer, type IndexFunction, type Lister } from './indexer.ts'
export { keyOf, metaKey, splitKey } from './key.ts'
export { LocalListWatcher, type ListWatcher, type Scope } from './list-watcher.ts'
export {
  BucketLimiter,
  controllerLimiter,
  ExponentialLimiter,
  MaxOfLimiter,
  type RateLimiter,
} from './rate-limiter.ts'
export { SharedInformer } from './shared-informer.ts'
export { WorkQueue, type WorkQueueOptions } from './work-queue.ts'
