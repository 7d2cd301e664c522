import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { aCall, anAttempt } from '../../test/fixtures/call-record.ts';
import { packCalls } from '../../test/fixtures/pack-calls.ts';
import { RecordWriter } from '../observe/record-writer.ts';
import { costsCommand } from './costs.ts';
import { painter } from './terminal.ts';

const DAY_MS = 86_400_000;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-cli-costs-'));
  const writer = new RecordWriter(directory, { maxAgeMs: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER });
  const calls = Array.from({ length: 60 }, (_, number) =>
    aCall({
      id: `hf-m1-${(number + 1).toString(36)}`,
      at: Date.now() - (number % 6) * DAY_MS,
      tenant: number % 3 === 0 ? 'shop' : 'desk',
      endUser: number % 3 === 0 ? `u_${number % 2}` : null,
      cost: number % 10 === 9 ? null : 100_000,
      outcome: number % 10 === 8 ? 'cancelled' : 'answered',
      attempts: [anAttempt()],
    }),
  );
  writer.write(packCalls(calls));
  // Not added up: a gateway that runs beside does that now and then, and the command reads what it finds.
  writer.close();
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

async function run(...words: readonly string[]): Promise<string> {
  let out = '';
  const terminal = {
    write: (text: string) => void (out += text),
    note: () => undefined,
    width: 200,
    paint: painter(false),
  };
  await costsCommand(terminal).parseAsync(['--data', directory, ...words], { from: 'user' });
  return out;
}

it('lists what tenants cost, waste apart, and what the month will come to', async () => {
  const lines = (await run('--since', '7d')).trimEnd().split('\n');
  expect(lines[0]).toMatch(/^tenant\s+calls\s+input\s+output\s+cost\s+for nothing\s+unpriced/);
  expect(lines[1]).toMatch(/^desk\s+40 .*\$3\.60\s+\$0\.40\s+4$/);
  expect(lines[2]).toMatch(/^shop\s+20 .*\$1\.80\s+\$0\.20\s+2$/);
  expect(lines[3]).toMatch(/^all\s+60 .*\$5\.40\s+\$0\.60\s+6$/);
  expect(lines[4]).toMatch(/^\d{4}-\d\d: \$\S+ so far, about \$\S+ by its end \(\$\S+ to \$\S+, from 5 days\)$/);
});

it('tells users apart, each under its tenant, as JSON too', async () => {
  const costs = JSON.parse(await run('--by', 'user', '--since', '7d', '--tenant', 'shop', '--json')) as Record<
    string,
    unknown
  >;
  expect(costs).toMatchObject({
    by: 'user',
    rows: [
      { tenant: 'shop', calls: 10 },
      { tenant: 'shop', calls: 10 },
    ],
    total: { calls: 20, unpriced: 2 },
  });
});

it.each([
  [['--by', 'moon'], '--by "moon" is unknown. Known here: tenant, user, workload, model, route'],
  [['--since', 'yesterday'], '--since "yesterday" is no moment'],
])('refuses %j', async (words, message) => {
  await expect(run(...words)).rejects.toThrow(message);
});
