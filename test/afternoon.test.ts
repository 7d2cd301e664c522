import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { loadConfig, type RunningGateway, startGateway } from '../src/gateway/index.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';

const PAGE = await readFile(new URL('../docs/afternoon-without-chatgpt.md', import.meta.url), 'utf8');
const [, CONFIG = ''] = /```yaml\n(.*?)```/s.exec(PAGE) ?? [];

/** What the page promises under a heading, block by block: the status, and headers with `...` for what differs each time. */
function promised(heading: string): readonly (readonly string[])[] {
  const section = PAGE.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  return [...section.matchAll(/```\n(HTTP.*?)```/gs)].map(([, block = '']) => block.trimEnd().split('\n'));
}

let home = '';
let gateway: RunningGateway;
let openai: Simulator;
let second: Simulator;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-afternoon-'));
  openai = await startSimulator({ speed: 0 });
  second = await startSimulator({ speed: 0 });
  const file = join(home, 'afternoon.yaml');
  await writeFile(file, CONFIG.replace(':4201', `:${openai.port}`).replace(':4202', `:${second.port}`));
  const env = { SIMULATED_KEY: 'sk-anything', HOLDFAST_PORT: '0', HOLDFAST_DATA: join(home, 'data') };
  gateway = await startGateway(await loadConfig({ file, env, cwd: home }));
});
afterAll(async () => {
  await gateway.stop();
  await openai.close();
  await second.close();
  await rm(home, { recursive: true });
});

async function ask(model: string, content: string): Promise<Response> {
  return fetch(`${gateway.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }] }),
  });
}

/** What came, in the words of the page: only what the page speaks of. */
function told(response: Response, promise: readonly string[] = []): readonly string[] {
  return promise.map((line) => {
    if (line.startsWith('HTTP')) return `HTTP/1.1 ${response.status} ${response.statusText}`;
    const name = line.slice(0, line.indexOf(':'));
    const value = response.headers.get(name) ?? 'nothing';
    return `${name}: ${value.replace(/job_\w+/, 'job_...').replace(/age=\d+/, 'age=1200')}`;
  });
}

test('an afternoon goes as the page tells it', { timeout: 60_000 }, async () => {
  const [well] = promised('14:00');
  const morning = await ask('gpt-4o', 'Say: good afternoon');
  expect(told(morning, well)).toEqual(well);
  expect(morning.headers.has('x-holdfast-degraded')).toBe(false);

  const { port: firstPort } = openai;
  const { port: secondPort } = second;
  await openai.close();
  const [other, canned] = promised('14:05');
  expect(told(await ask('gpt-4o', 'Say: still here'), other)).toEqual(other);
  const sentence = await ask('gpt-4o-mini', 'Say: hello');
  expect(told(sentence, canned)).toEqual(canned);
  expect(await sentence.text()).toContain('We cannot answer right now.');

  await second.close();
  const [stale, job] = promised('14:20');
  const earlier = await ask('gpt-4o', 'Say: good afternoon');
  expect(told(earlier, stale)).toEqual(stale);
  const placeholder = await ask('gpt-4o', 'Say: something new');
  expect(told(placeholder, job)).toEqual(job);

  openai = await startSimulator({ speed: 0, port: firstPort });
  second = await startSimulator({ speed: 0, port: secondPort });
  const at = `${gateway.baseUrl.replace('/v1', '')}${placeholder.headers.get('location') ?? ''}`;
  const result = await vi.waitFor(
    async () => {
      const found = await fetch(`${at}/result`);
      expect(found.status).toBe(200);
      return found;
    },
    { timeout: 30_000, interval: 200 },
  );
  expect(await result.text()).toContain('something new');
  const [back] = promised('14:40');
  await vi.waitFor(async () => expect(told(await ask('gpt-4o', 'Say: good afternoon'), back)).toEqual(back), {
    timeout: 15_000,
    interval: 200,
  });
});
