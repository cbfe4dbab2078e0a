/** What every controller gets. */
import type { ApiClient } from '../apiserver/index.ts'
import type { InformerFactory, WorkQueueOptions } from '../informer/index.ts'
import type { Clock } from '../sim/clock.ts'

export interface ControllerContext {
  readonly client: ApiClient
  /** Shared by all controllers of one manager. */
  readonly informers: InformerFactory
  readonly clock: Clock
  /** Failures of syncs: they are retried, this is for who wants to know. */
  readonly onError?: NonNullable<WorkQueueOptions['onError']>
}
