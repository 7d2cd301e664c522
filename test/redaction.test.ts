import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig, startGateway } from '../src/gateway/index.ts';
import { HouseLog } from '../src/observe/log/house-log.ts';
import { houseRedactor } from '../src/observe/redact/house-redactor.ts';
import { laidBare, MAKERS, WRAPPERS } from '../src/observe/redact/planted.test-support.ts';

const PERSONAL = ['email', 'phone', 'card', 'iban', 'ip'] as const;

/** Two hundred values, each in another wrapping than the one before. */
const PLANTED = Array.from({ length: 200 }, (_, index) => {
  const value = MAKERS[index % MAKERS.length]?.() ?? '';
  const wrapping = WRAPPERS[Math.floor(index / MAKERS.length + index) % WRAPPERS.length];
  return { value, wrapped: wrapping?.[1](value) ?? '' };
});

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function listening(answer: Answer): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    void request.toArray().then((chunks) => answer(request, response, Buffer.concat(chunks as Buffer[]).toString()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const collected: string[] = [];
const lines: string[] = [];
/** Everything that is kept, sent or shown, by where it was found. */
const places = new Map<string, string>();

// A provider that repeats in its error whatever it was sent, and a collector that keeps all it gets.
const provider = await listening((request, response, body) => {
  const message = `cannot do ${body} for ${JSON.stringify(request.headers)} at ${request.url ?? ''}`;
  response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message } }));
});
const collector = await listening((_, response, body) => {
  collected.push(body);
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});

beforeAll(async () => {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-redaction-'));
  const data = join(home, 'data');
  const file = join(home, 'holdfast.yaml');
  await writeFile(
    file,
    JSON.stringify({
      keys: { policy: 'off' },
      targets: { primary: { provider: 'openai-compatible', baseUrl: `${provider.url}/v1`, key: 'env:TARGET_KEY' } },
      redaction: { personal: PERSONAL },
      telemetry: { endpoint: collector.url, traces: { share: 1 }, metrics: { every: '200ms' } },
    }),
  );
  const log = new HouseLog({
    level: 'info',
    successes: { perSecond: 1_000, share: 1 },
    redactor: houseRedactor(data, PERSONAL),
    destination: { write: (line) => void lines.push(line) },
  });
  const env = { TARGET_KEY: 'a-key-of-no-vendor', HOLDFAST_PORT: '0', HOLDFAST_DATA: data };
  const gateway = await startGateway(await loadConfig({ file, env, cwd: home }), { log });
  const { baseUrl, firstAdminToken } = gateway;
  for (const { value, wrapped } of PLANTED) {
    await fetch(`${baseUrl}/chat/completions?trace=${encodeURIComponent(wrapped)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': value, 'x-debug': encodeURIComponent(wrapped) },
      body: JSON.stringify({ model: value, user: value, messages: [{ role: 'user', content: wrapped }] }),
    });
    await fetch(`${baseUrl}/files/${encodeURIComponent(value)}`);
  }
  log.flush();
  places.set('the log', lines.join(''));
  const root = baseUrl.replace('/v1', '');
  const headers = { authorization: `Bearer ${firstAdminToken ?? ''}` };
  places.set('/metrics', await textOf(`${root}/metrics`, headers));
  for (const page of ['overview', 'faults', 'calls', 'costs', 'timeline', 'events']) {
    places.set(`/admin/api/${page}`, await textOf(`${root}/admin/api/${page}`, headers));
  }
  await gateway.stop();
  for (const name of await readdir(data)) {
    places.set(`the file ${name}`, (await readFile(join(data, name))).toString('utf8'));
  }
  places.set('traces and metrics', collected.join(''));
  await rm(home, { recursive: true });
}, 60_000);
afterAll(() => {
  provider.close();
  collector.close();
});

async function textOf(url: string, headers: Record<string, string>): Promise<string> {
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response.text();
}

test('something was kept in each place', () => {
  expect(places.get('the log')).toContain('cannot do');
  expect(places.get('traces and metrics')).toContain('cannot do');
  expect(places.get('the file holdfast.db')).toContain('cannot do');
  expect(places.get('/metrics')).toContain('holdfast_calls_total');
});

test('of two hundred secrets and personal details, none is found anywhere, under any encoding', () => {
  const found = Array.from(places).flatMap(([place, text]) => {
    const bare = laidBare(text);
    const shown = PLANTED.filter(({ value, wrapped }) => bare.includes(value) || text.includes(wrapped));
    return shown.map(({ wrapped }) => `${place}: ${wrapped}`);
  });
  expect(found).toEqual([]);
});
