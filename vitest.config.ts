import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Two cores is the smallest machine this suite runs on; more workers only fight over them.
    maxWorkers: 2,
    testTimeout: 20_000,
  },
});
