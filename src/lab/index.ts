/** `podwire/lab`: kernel objects and packets, no Kubernetes. */
export { Engine } from '../engine/engine.ts'
export type { LogRecord } from '../engine/index.ts'
export { Problem } from '../kernel/problem.ts'
export { Lab, type LabFrame, type LabOptions } from './lab.ts'
export { readPcap, writePcap, type CapturedFrame } from './pcap/index.ts'
