/** Words that records of matches are made of. */
import type { PortRange } from '../../kernel/ruleset.ts'

export const bit = (on: boolean | undefined): number => (on ? 1 : 0)
export const bytes = (a: number, b: number, c: number, d: number): number =>
  ((a & 255) | ((b & 255) << 8) | ((c & 255) << 16) | ((d & 255) << 24)) >>> 0
export const halves = (low: number, high: number): number => ((low & 0xffff) | ((high & 0xffff) << 16)) >>> 0
/** The first word of a record: its type and its bytes. */
export const head = (type: number, size: number): number => halves(type, size)
/** Ports from and to; all of them when none are given. */
export const range = (ports: PortRange | undefined): number =>
  ports ? halves(ports.from, ports.to) : halves(0, 0xffff)
