export { Problem } from './kernel/problem.ts'
