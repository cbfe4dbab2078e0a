export { Engine, type Captured, type EngineOptions } from './engine.ts'
export type { Listener } from './netns.ts'
