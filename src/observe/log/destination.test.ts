import { openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openOutput } from './destination.ts';

test('what is left is written at the end, behind what is being written', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-output-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, 'log');
  const fd = openSync(file, 'w');
  const output = await openOutput('json', { fd, terminal: false, colour: false });
  const lines = Array.from({ length: 200 }, (_, index) => `{"line":${index},"rest":"${'x'.repeat(1_000)}"}\n`);
  for (const line of lines) output.destination.write(line);
  await output.close();
  expect(readFileSync(file, 'utf8')).toBe(lines.join(''));
  expect(output.dropped()).toBe(0);
});
