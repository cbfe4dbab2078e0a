export { Engine, type Captured, type EngineOptions } from './engine.ts'
export type { Listener } from './netns.ts'
export type { Attempt, AttemptResult } from './probe.ts'
export { reasonText } from './reasons.ts'
