import { describe, expect, test } from 'vitest';
import { endure } from './endurance.test-support.ts';

// The full length of ten thousand turns is what `npm run bench -- payload` holds.
describe('a conversation of 1,500 turns with tools', () => {
  test.each(['trim', 'summarise'] as const)(
    '%s: every turn is answered',
    async (how) => {
      const endured = await endure(how, 1_500, 4_000);
      expect(endured).toMatchObject({ overflows: 0, refused: 0, orphans: 0, bereft: 0 });
      expect(endured.mostTokens).toBeLessThanOrEqual(4_000);
      expect(endured.mostTokens).toBeGreaterThan(3_500);
    },
    60_000,
  );

  test('what was said at the beginning is carried from summary to summary, at little cost', async () => {
    const endured = await endure('summarise', 1_500, 8_000);
    expect(endured.factsKept).toBe(endured.facts);
    expect(endured.summaries).toBeGreaterThan(10);
    expect(endured.summaryTokens / endured.sentTokens).toBeLessThanOrEqual(0.05);
  }, 60_000);
});
