import { beforeAll, describe, expect, it } from 'vitest';
import { mixedRun } from '../bench/see/mixed/mixed.ts';

const CALLS = 300;

/** Far fewer were compared if a part of what is shown had been left out. */
const NUMBERS = 130;

describe('over a mixed run', () => {
  let run: Awaited<ReturnType<typeof mixedRun>>;
  beforeAll(async () => {
    run = await mixedRun({ calls: CALLS, perSecond: 60 });
  }, 120_000);

  it('every number is the same to those who called, at the providers, in the metrics, in the API and live', () => {
    expect(run.differences).toEqual([]);
    expect(run.compared).toBeGreaterThan(NUMBERS);
  });

  it('calls end in every way there is', () => {
    const { answered, failed, interrupted, cancelled } = run.seen.endings;
    expect(answered + failed + interrupted + cancelled).toBe(CALLS);
    expect(answered).toBeGreaterThan(CALLS / 2);
    expect(failed).toBeGreaterThan(CALLS / 20);
    expect(interrupted).toBeGreaterThan(CALLS / 20);
    expect(cancelled).toBeGreaterThan(CALLS / 20);
  });
});
