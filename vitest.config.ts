import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/{unit,property}/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'campaign', include: ['test/campaign/**/*.test.ts'], testTimeout: 600_000 } },
      {
        test: {
          name: 'kernel',
          include: ['test/kernel/**/*.test.ts'],
          testTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
