import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import type { ToldList } from '../../providers/catalogue/told.ts';
import type { KeyQuestion } from '../../providers/key-check.ts';
import { loadConfig } from '../load.ts';
import { LimitsRefresh, tellingTargets, type TellingTarget } from './refresh.ts';

const HOUR_MS = 3_600_000;

const question = (host: string): KeyQuestion => ({
  provider: 'openai-compatible',
  baseUrl: `http://${host}/v1`,
  deployment: null,
  apiVersion: null,
  headers: {},
});

const target = (id: string, more: Partial<TellingTarget> = {}): TellingTarget => ({
  id,
  question: question(id),
  key: () => null,
  toldWithKey: false,
  ...more,
});

class Scene {
  readonly clock = new VirtualClock();
  readonly asked: string[] = [];
  readonly said: string[] = [];
  trouble: Error | null = null;
  readonly refresh: LimitsRefresh;

  constructor(...targets: readonly TellingTarget[]) {
    this.refresh = new LimitsRefresh(targets, {
      clock: this.clock,
      say: (message) => this.said.push(message),
      list: ({ baseUrl }, key) => this.#list(new URL(baseUrl).hostname, key),
    });
  }

  #list(host: string, key: string | null): Promise<ToldList> {
    this.asked.push(key === null ? host : `${host} with ${key}`);
    if (this.trouble !== null) return Promise.reject(this.trouble);
    return Promise.resolve(new Map([['m', { window: 1_000 * this.asked.length }]]));
  }

  async after(hours: number): Promise<void> {
    for (let hour = 0; hour < hours; hour += 1) {
      await this.clock.advance(HOUR_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

test('asks at the start those who do not tell with their keys, and everybody once a day', async () => {
  const scene = new Scene(target('open'), target('keyed', { toldWithKey: true, key: () => 'sk-1' }));
  scene.refresh.start();
  scene.refresh.hear('keyed', new Map([['m', { window: 500 }]]));
  await scene.after(23);
  expect(scene.asked).toEqual(['open']);
  expect(scene.refresh.told.of('open', 'm')).toEqual({ window: 1_000 });
  expect(scene.refresh.told.of('keyed', 'm')).toEqual({ window: 500 });
  await scene.after(2);
  expect(scene.asked.toSorted()).toEqual(['keyed with sk-1', 'open', 'open']);
  scene.refresh.stop();
  await scene.after(48);
  expect(scene.asked).toHaveLength(3);
});

test('says once that a target does not tell, keeps what it told, and tries again within the hour', async () => {
  const scene = new Scene(target('open'));
  scene.refresh.start();
  await scene.after(20);
  scene.trouble = new TypeError('fetch failed', {
    cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
  });
  await scene.after(10);
  expect(scene.said).toEqual([
    "target open does not tell its models' limits (ECONNREFUSED); what is known of them holds",
  ]);
  expect(scene.asked.length).toBeGreaterThan(5);
  expect(scene.refresh.told.of('open', 'm')).toEqual({ window: 1_000 });
  scene.trouble = null;
  await scene.after(1);
  scene.trouble = new Error('it answers 500');
  await scene.after(26);
  expect(scene.said).toHaveLength(2);
  scene.refresh.stop();
});

test('asks nobody without a key that has to have one', async () => {
  const scene = new Scene(target('keyed', { key: () => undefined }));
  await scene.refresh.askAll();
  expect([scene.asked, scene.said]).toEqual([[], []]);
});

test.each([
  ['warn', { c: true, g: true, q: true, r: false, v: false, l: false }],
  ['off', {}],
])('those who tell are asked, and whether with their keys: %s', async (policy, expected) => {
  const cwd = await mkdtemp(join(tmpdir(), 'holdfast-refresh-'));
  const targets =
    'o: { provider: openai }, c: { provider: anthropic }, g: { provider: gemini }, q: { provider: groq }, ' +
    'r: { provider: openrouter }, v: { provider: vllm }, l: { provider: lmstudio }, d: { provider: deepseek }, ' +
    'theirs: { provider: groq, key: caller }';
  await writeFile(join(cwd, 'c.yaml'), `keys: { policy: ${policy} }\ntargets: { ${targets} }\n`);
  const names = ['OPENAI', 'ANTHROPIC', 'GEMINI', 'GROQ', 'OPENROUTER', 'DEEPSEEK'];
  const env = Object.fromEntries(names.map((name) => [`${name}_API_KEY`, 'k']));
  const config = await loadConfig({ file: 'c.yaml', env, cwd });
  await rm(cwd, { recursive: true });
  expect(Object.fromEntries(tellingTargets(config).map(({ id, toldWithKey }) => [id, toldWithKey]))).toEqual(expected);
});
