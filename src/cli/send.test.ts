import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordStore } from '../observe/store.ts';
import { type Simulator, startSimulator } from '../simulator/index.ts';
import { aCall, anAttempt, aFault } from '../../test/fixtures/call-record.ts';
import { exportCommand } from './export.ts';
import { replayCommand } from './replay.ts';
import { sendCommand } from './send.ts';
import { painter, type Terminal } from './terminal.ts';

const SECRET = 'sk-test-0123456789abcdefghij';
let simulator: Simulator;
let home: string;
let data: string;

beforeAll(async () => {
  simulator = await startSimulator({ speed: 0, scriptedAnswer: 'Twice a day.' });
  home = mkdtempSync(join(tmpdir(), 'holdfast-send-'));
  data = join(home, 'data');
  const store = new RecordStore({ directory: data });
  const attempts = [
    anAttempt({ target: 'openai', status: 503, fault: aFault() }),
    anAttempt({ target: 'openai', status: 503, fault: aFault() }),
  ];
  store.append(
    aCall({ id: 'hf-tide-1', model: 'o3', stream: true, outcome: 'failed', status: 503, fault: aFault(), attempts }),
  );
  store.append(aCall({ id: 'hf-tide-2', operation: 'responses', path: '/responses', model: 'gpt-4o', stream: false }));
  await store.close();
});
afterAll(async () => {
  await simulator.close();
  rmSync(home, { recursive: true });
});
beforeEach(() => {
  vi.stubEnv('HOLDFAST_KEY', SECRET);
  vi.stubEnv('HOLDFAST_URL', `${simulator.url}/v1`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

interface Said {
  readonly out: string;
  readonly notes: string;
  readonly failed: boolean;
}

async function run(make: (terminal: Terminal) => Command, ...args: readonly string[]): Promise<Said> {
  let out = '';
  let notes = '';
  const command = make({
    write: (text) => void (out += text),
    note: (text) => void (notes += text),
    width: Number.POSITIVE_INFINITY,
    paint: painter(false),
  });
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync([...args], { from: 'user' });
  return { out, notes, failed: process.exitCode === 1 };
}

function lastBody(): unknown {
  return JSON.parse(simulator.requests.at(-1)?.body.toString() ?? 'null');
}

describe('holdfast send', () => {
  it('says a prompt and shows the answer', async () => {
    const { out, notes, failed } = await run(sendCommand, '--system', 'Be brief.', 'How often is the tide high?');
    expect(out).toBe('Twice a day.\n');
    expect(notes).toMatch(/^200 · \d/);
    expect(failed).toBe(false);
    expect(lastBody()).toEqual({
      model: 'gpt-4o-mini',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'How often is the tide high?' },
      ],
    });
    expect(simulator.requests.at(-1)?.headers.authorization).toBe(`Bearer ${SECRET}`);
  });

  it('shows a stream as it comes', async () => {
    const { out } = await run(sendCommand, '--stream', 'hi');
    expect(out).toBe('Twice a day.\n');
    expect(lastBody()).toMatchObject({ stream: true });
  });

  it('speaks to Responses, streamed or not, and to any path', async () => {
    expect((await run(sendCommand, '--endpoint', 'responses', 'hi')).out).toBe('Twice a day.\n');
    expect((await run(sendCommand, '--endpoint', 'responses', '--stream', 'hi')).out).toBe('Twice a day.\n');
    await run(sendCommand, '--endpoint', '/v1/moderations', 'hi');
    expect(simulator.requests.at(-1)?.path).toBe('/v1/moderations');
  });

  it('sets fields, and sends more headers', async () => {
    await run(
      sendCommand,
      '--set',
      'temperature=0.2',
      '--set',
      'user=kelp',
      '--header',
      'x-team: sea',
      '--model',
      'gpt-4.1',
      'hi',
    );
    expect(lastBody()).toMatchObject({ temperature: 0.2, user: 'kelp', model: 'gpt-4.1' });
    expect(simulator.requests.at(-1)?.headers['x-team']).toBe('sea');
  });

  it('sends a file as it is, mistakes included', async () => {
    const file = join(home, 'broken.json');
    writeFileSync(file, '{"model": "gpt-4o",}');
    const { notes, failed } = await run(sendCommand, '--file', file);
    expect(simulator.requests.at(-1)?.body.toString()).toBe('{"model": "gpt-4o",}');
    expect(notes).toContain('400 · ');
    expect(failed).toBe(true);
  });

  it('tells a refusal with its field, and fails', async () => {
    const { notes, failed } = await run(sendCommand, '--set', 'temperature=9', 'hi');
    expect(notes).toContain("Invalid 'temperature': decimal above maximum value.");
    expect(notes).toContain('decimal_above_max_value, temperature');
    expect(failed).toBe(true);
  });

  it('checks without sending', async () => {
    const before = simulator.stats.requests;
    const { out, failed } = await run(
      sendCommand,
      '--check',
      '--model',
      'o3',
      '--set',
      'temperature=0.1',
      '--set',
      'temprature=1',
      'hi',
    );
    expect(out).toContain("Unknown parameter: 'temprature'.\n  Did you mean 'temperature'?");
    expect(out).toContain('(repair: sampling)');
    expect(failed).toBe(true);
    expect(simulator.stats.requests).toBe(before);
    expect(JSON.parse((await run(sendCommand, '--check', '--json', '--set', 'n=0', 'hi')).out)).toMatchObject([
      { param: 'n', rule: 'range' },
    ]);
  });

  it('takes what a record knows of a call', async () => {
    await run(sendCommand, '--call', 'hf-tide-1', '--data', data, 'again');
    expect(lastBody()).toEqual({ model: 'o3', messages: [{ role: 'user', content: 'again' }], stream: true });
    await expect(run(sendCommand, '--call', 'hf-tide-1', '--data', data)).rejects.toThrow(/keeps no prompts.*--file/);
    await expect(run(sendCommand, '--call', 'hf-tide', '--data', data, 'x')).rejects.toThrow('several ids begin');
  });

  it.each([
    [['--key', SECRET, 'hi'], /never the key/],
    [['--key', `env:${SECRET}`, 'hi'], /never the key/],
    [['--header', `authorization: Bearer ${SECRET}`, 'hi'], /would carry a secret/],
    [['--header', `x-odd: ${SECRET}`, 'hi'], /would carry a secret/],
    [['--key', 'env:NOT_SET_ANYWHERE', 'hi'], /has no NOT_SET_ANYWHERE/],
    [['--url', 'nowhere', 'hi'], /is no address/],
    [['--url', 'http://user:pass@127.0.0.1/v1', 'hi'], /credentials/],
    [['--set', 'temperature', 'hi'], /sets nothing/],
    [['--endpoint', 'chta', 'hi'], /is unknown; it is one of chat, responses, embeddings/],
    [['--file', '/nowhere/at/all.json'], /cannot be read/],
    [[], /nothing to send/],
    [['--url', 'http://127.0.0.1:9', 'hi'], /nobody answers/],
  ])('%s is refused', async (args, message) => {
    const failure = await run(sendCommand, ...args).then(
      () => null,
      (error: unknown) => error as Error,
    );
    expect(failure?.message).toMatch(message);
    expect(failure?.message).not.toContain(SECRET);
  });

  it('writes a curl command that says the same to a shell, without the key', async () => {
    const prompt = `it's a "test" of $HOME, \`date\` and\nlines \\ é 海藻`;
    const { out } = await run(sendCommand, '--curl', '--header', "x-note: it's", prompt);
    expect(out).not.toContain(SECRET);
    expect(out).toContain('"authorization: Bearer $HOLDFAST_KEY"');
    // A shell function takes the place of curl and tells what it was given.
    const { stdout } = spawnSync('sh', ['-c', `curl() { printf '%s\\0' "$@"; }\n${out}`], {
      env: { HOLDFAST_KEY: SECRET },
    });
    const given = stdout.toString().split('\0');
    expect(given).toContain(`${simulator.url}/v1/chat/completions`);
    expect(given).toContain(`authorization: Bearer ${SECRET}`);
    expect(given).toContain("x-note: it's");
    const body = given[given.indexOf('--data-binary') + 1] ?? '';
    expect(JSON.parse(body)).toMatchObject({ messages: [{ role: 'user', content: prompt }] });
  });
});

describe('holdfast replay', () => {
  it('says what is known, what is missing, and how to go on', async () => {
    const { out, notes, failed } = await run(replayCommand, 'hf-tide-1', '--data', data);
    expect(out).toMatch(/then: .* POST \/chat\/completions, o3, stream: failed: overloaded, status 503/);
    expect(out).toContain('openai (overloaded), then openai (overloaded)');
    expect(notes).toContain('holdfast replay hf-tide-1 --file request.json');
    expect(failed).toBe(true);
    const told = JSON.parse((await run(replayCommand, 'hf-tide-1', '--data', data, '--json')).out);
    expect(told).toMatchObject({ id: 'hf-tide-1', missing: ['body'], model: 'o3' });
  });

  it('sends a given body where the call went', async () => {
    const file = join(home, 'request.json');
    writeFileSync(file, '{"model": "gpt-4o", "input": "hi"}');
    const { out, notes } = await run(replayCommand, 'hf-tide-2', '--data', data, '--file', file);
    expect(simulator.requests.at(-1)).toMatchObject({ path: '/v1/responses' });
    expect(simulator.requests.at(-1)?.body.toString()).toBe('{"model": "gpt-4o", "input": "hi"}');
    expect(out).toBe('Twice a day.\n');
    expect(notes).toMatch(/then: .*answered, status 200[\s\S]*now:\n200 · /);
  });

  it('knows no call of another id', async () => {
    await expect(run(replayCommand, 'hf-wind', '--data', data)).rejects.toThrow('no call has an id');
  });
});

describe('holdfast export', () => {
  it('writes a collection and an environment', async () => {
    const { notes } = await run(exportCommand, 'postman', '--url', 'https://gateway.example.com/v1', '--out', home);
    expect(notes).toContain('holdfast.postman_collection.json');
    const environment = JSON.parse(readFileSync(join(home, 'holdfast.postman_environment.json'), 'utf8'));
    expect(environment.values).toContainEqual({
      key: 'baseUrl',
      value: 'https://gateway.example.com',
      type: 'default',
      enabled: true,
    });
    expect(JSON.stringify(environment)).not.toContain(SECRET);
  });

  it('prints the collection, the environment, and the OpenAPI document', async () => {
    expect(JSON.parse((await run(exportCommand, 'postman')).out).info.schema).toContain('v2.1.0');
    expect(JSON.parse((await run(exportCommand, 'postman', '--environment')).out)._postman_variable_scope).toBe(
      'environment',
    );
    expect(JSON.parse((await run(exportCommand, 'openapi', '--url', 'https://a.example')).out).servers).toEqual([
      { url: 'https://a.example' },
    ]);
    await expect(run(exportCommand, 'postman', '--url', 'nowhere')).rejects.toThrow('is no address');
  });
});
