/** What `podwire verify --mutate` does. It needs neither fast-check nor vitest. */
export { formatExpectation, formatMutationScore } from './format.ts'
export type { MissingExpectation } from './missing.ts'
export {
  mutationScore,
  type Mutant,
  type MutationOptions,
  type MutationScore,
  type Suite,
  type TriedFault,
} from './score.ts'
