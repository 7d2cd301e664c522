import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** The command alone, without the others of the program. */
const PROGRAM = `
  import { Command } from 'commander';
  import { simulateCommand } from ${JSON.stringify(new URL('./simulate.ts', import.meta.url).href)};
  new Command('holdfast').addCommand(simulateCommand()).parseAsync().catch((error) => {
    console.error('holdfast: ' + error.message);
    process.exitCode = 1;
  });
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-simulate-'));
});

afterAll(() => rm(folder, { recursive: true }));

function run(...flags: string[]): ChildProcess {
  const env = { ...process.env, NO_COLOR: '1' };
  return spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM, '--', 'simulate', ...flags], { env });
}

async function finished(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += String(chunk)));
  child.stderr?.on('data', (chunk: Buffer) => (err += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

test('serves until Ctrl-C, and says where', async () => {
  const weather = join(folder, 'weather.yaml');
  await writeFile(weather, 'timeline:\n  - { at: 0, faults: { conflict: 1 } }\n');
  const child = run('--port', '0', '--json', '--speed', '0', '--weather', weather);
  const end = finished(child);
  const [line] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer];
  const { url } = JSON.parse(String(line)) as { url: string };
  const answer = await fetch(`${url}/v1/models`, { headers: { authorization: 'Bearer k' } });
  expect(answer.status).toBe(409);
  child.kill('SIGINT');
  expect(await end).toMatchObject({ code: 0, err: '' });
});

test('says what to do when the port is taken', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { code, err } = await finished(run('--port', String(port)));
  taken.close();
  expect(code).toBe(1);
  expect(err).toContain(`port ${port} is taken`);
  expect(err).toContain(`--port ${port + 1}`);
});

test('names a mistake in the weather with its file', async () => {
  const weather = join(folder, 'bad.yaml');
  await writeFile(weather, 'timeline:\n  - { at: soon }\n');
  const { code, err } = await finished(run('--weather', weather));
  expect(code).toBe(1);
  expect(err).toContain(`${weather}: the weather has mistakes`);
  expect(err).toContain('timeline[0].at: "soon" is no duration');
});

test('lists every fault, for people and as JSON', async () => {
  const [people, json] = await Promise.all([finished(run('--list-faults')), finished(run('--list-faults', '--json'))]);
  const faults = JSON.parse(json.out) as { name: string; kind: string | null }[];
  expect(faults.length).toBe(people.out.trimEnd().split('\n').length);
  expect(faults).toContainEqual(expect.objectContaining({ name: 'cut', kind: expect.any(String) }));
});
