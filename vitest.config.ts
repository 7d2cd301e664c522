import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Two cores is the smallest machine this suite runs on; more workers only fight over them.
    maxWorkers: 2,
    testTimeout: 20_000,
    // A check that waits for something waits for the thing, not for a machine to be fast; vitest's own second is too short on a
    // busy one.
    expect: { poll: { timeout: 10_000 } },
  },
});
