export type { ControllerContext } from './context.ts'
export { ControllerManager, type ControllerManagerOptions } from './manager.ts'
