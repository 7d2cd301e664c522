import { afterEach, describe, expect, it } from 'vitest';
import { demoCommand } from './demo.ts';
import type { Comparison } from './demo/run.ts';
import { PHASES } from './demo/sky.ts';
import { painter } from './terminal.ts';

// The command sets it when the promise is broken, which calls as few as these do not decide.
afterEach(() => {
  process.exitCode = undefined;
});

async function run(...words: string[]): Promise<{ out: string; notes: string }> {
  let out = '';
  let notes = '';
  const command = demoCommand({
    write: (text) => void (out += text),
    note: (text) => void (notes += text),
    width: Number.POSITIVE_INFINITY,
    paint: painter(false),
  });
  await command.exitOverride().parseAsync(words, { from: 'user' });
  return { out, notes };
}

interface Facts {
  readonly seed: number;
  readonly verdict: string;
  readonly phases: readonly (Comparison & { readonly name: string })[];
  readonly total: Comparison;
}

describe('holdfast demo', () => {
  it.concurrent('draws two rows for each phase and the total, nothing wrong through Holdfast', async () => {
    const { out, notes } = await run('--seconds', '2', '--calls', '60', '--seed', '3');
    const lines = out.split('\n');
    const table = lines.slice(lines.findIndex((line) => line.startsWith('weather')));
    const [head, ...rows] = table.slice(0, 1 + 2 * (PHASES.length + 1)).map((line) => line.split(/ {2,}/));
    expect(head).toEqual(
      'weather,side,calls,answered,,failed,wrong,asked again,attempts/call,p50,p99'.split(',').filter(Boolean),
    );
    expect(rows.filter((_, index) => index % 2 === 0).map(([name]) => name)).toEqual([
      ...PHASES.map(({ name }) => name),
      'in total',
    ]);
    const [, alone, aloneCalls] = rows.at(-2) ?? [];
    const [, held, heldCalls, , , , wrong] = rows.at(-1) ?? [];
    expect([alone, aloneCalls, held, heldCalls, wrong]).toEqual(['SDK alone', '60', 'with Holdfast', '60', '0']);
    expect(out).toContain('Again: holdfast demo --seed 3 --calls 60 --seconds 2 --door in-process');
    expect(notes).toContain('calm');
  });

  it.concurrent('says the same as JSON, through the gateway', async () => {
    const { out } = await run('--seconds', '2', '--calls', '60', '--door', 'gateway', '--json');
    const { seed, phases, total, verdict } = JSON.parse(out) as Facts;
    expect(seed).toBe(1);
    expect(phases.map(({ name }) => name)).toEqual(PHASES.map(({ name }) => name));
    expect(total.direct.calls).toBe(60);
    expect(total.holdfast).toMatchObject({ calls: 60, wrong: 0 });
    expect(phases.reduce((sum, { direct }) => sum + direct.calls, 0)).toBe(60);
    expect(['kept', 'broken']).toContain(verdict);
    // The weather was there: the last phase has no provider for the SDK alone.
    expect(phases.at(-1)?.direct.answered).toBe(0);
    expect(phases.at(-1)?.direct.attemptsPerCall).toBeGreaterThan(8);
  });

  it('refuses more calls than a machine can carry for both sides', async () => {
    await expect(run('--seconds', '2', '--calls', '1000')).rejects.toThrow(
      /take --calls 120 or fewer, or more seconds/,
    );
  });
});
