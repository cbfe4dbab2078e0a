/**
 * `import 'podwire/testing/vitest'` (in a test, or once in `setupFiles`): vitest's `expect` has the matchers, and
 * TypeScript knows them.
 */
import { expect } from 'vitest'
import { matchers, type ConnectionMatchers } from './matchers.ts'

expect.extend(matchers)

declare module 'vitest' {
  interface Assertion<T> extends ConnectionMatchers<T> {}

  interface AsymmetricMatchersContaining extends ConnectionMatchers {}
}
