import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attemptSpanId } from '../src/engine/trace.ts';
import { HouseLog } from '../src/observe/log/house-log.ts';
import { Redactor } from '../src/observe/redact/redactor.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { type Door, openGateway, until } from './harness.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: readonly Attribute[];
}

/** A collector that keeps what it is sent. */
class Collector {
  readonly spans: OtlpSpan[] = [];
  readonly metrics = new Set<string>();
  readonly #server: Server = createServer((request, response) => {
    void this.#take(request).then(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #take(request: IncomingMessage): Promise<void> {
    const sent = JSON.parse((await request.toArray()).map(String).join('')) as Record<string, never[]>;
    const resources = (sent['resourceSpans'] ?? sent['resourceMetrics'] ?? []) as Record<
      string,
      Record<string, never[]>[]
    >[];
    for (const scope of resources.flatMap(({ scopeSpans = [], scopeMetrics = [] }) => [
      ...scopeSpans,
      ...scopeMetrics,
    ])) {
      this.spans.push(...(scope['spans'] ?? []));
      for (const { name } of (scope['metrics'] ?? []) as { readonly name: string }[]) this.metrics.add(name);
    }
  }
}

function attributesOf({ attributes }: OtlpSpan): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

const collector = new Collector();
let endpoint = '';
let provider: Simulator;
beforeAll(async () => {
  endpoint = await collector.listen();
  provider = await startSimulator();
});
afterAll(async () => {
  collector.close();
  await provider.close();
});

function configOf(telemetry: object): object {
  return {
    targets: { primary: { provider: 'openai', baseUrl: `${provider.url}/v1`, key: 'env:TARGET_KEY' } },
    defaults: { retry: { base: '1ms', cap: '2ms' } },
    telemetry,
  };
}

function ask(
  { baseURL, fetch }: Pick<Door, 'baseURL' | 'fetch'>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${baseURL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'a prompt that no span has' }] }),
  });
}

test('a call, its line in the log and its spans share their ids, and the provider gets the trace', async () => {
  const lines: string[] = [];
  const log = new HouseLog({
    level: 'info',
    successes: { perSecond: 100, share: 1 },
    redactor: new Redactor({ salt: 'test' }),
    destination: { write: (line) => void lines.push(line) },
  });
  const door = await openGateway(configOf({ endpoint, traces: { share: 0 }, metrics: { every: '100ms' } }), { log });
  provider.nextFaults(['server-error']);
  const reply = await ask(door, { traceparent: `00-${TRACE}-${SPAN}-01`, 'x-request-id': 'mine' });
  const id = reply.headers.get('x-request-id');
  expect(reply.status).toBe(200);
  await door.settled();
  const [record] = door.records;
  log.flush();
  await until(
    () => collector.metrics.has('holdfast_calls'),
    () => 'no metrics came',
  );
  await door.close();

  const [call, first, second] = collector.spans;
  expect(collector.spans).toHaveLength(3);
  expect(record?.trace).toEqual({ traceId: TRACE, parentId: SPAN, spanId: call?.spanId, sampled: true });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ id, trace_id: TRACE, span_id: call?.spanId, caller_id: 'mine' });
  expect(call).toMatchObject({
    traceId: TRACE,
    parentSpanId: SPAN,
    name: 'POST /v1/chat/completions',
    kind: 2,
    status: { code: 0 },
  });
  expect(attributesOf(call as OtlpSpan)).toMatchObject({
    'holdfast.call.id': id,
    'holdfast.caller.request_id': 'mine',
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o',
    'http.response.status_code': 200,
    'holdfast.attempts': 2,
  });
  for (const [index, span] of [first, second].entries()) {
    expect(span).toMatchObject({ traceId: TRACE, parentSpanId: call?.spanId, name: 'chat gpt-4o', kind: 3 });
    expect(span?.spanId).toBe(attemptSpanId(call?.spanId ?? '', index));
    expect(BigInt(span?.startTimeUnixNano ?? 0)).toBeGreaterThanOrEqual(BigInt(call?.startTimeUnixNano ?? 0));
    expect(BigInt(span?.endTimeUnixNano ?? 0)).toBeLessThanOrEqual(BigInt(call?.endTimeUnixNano ?? 0) + 1_000_000n);
  }
  expect(first?.status.code).toBe(2);
  expect(attributesOf(first as OtlpSpan)).toMatchObject({
    'error.type': 'server-error',
    'holdfast.fault.party': 'provider',
  });
  expect(attributesOf(second as OtlpSpan)).toMatchObject({
    'gen_ai.usage.output_tokens': record?.usage.outputTokens,
    'holdfast.attempt.reason': 'retry',
    'holdfast.upstream_request_id': reply.headers.get('x-upstream-request-id'),
  });
  expect(provider.requests.map(({ headers }) => headers['traceparent'])).toEqual(
    [first, second].map((span) => `00-${TRACE}-${span?.spanId}-01`),
  );
  expect(JSON.stringify(collector.spans)).not.toContain('no span has');
  expect(collector.metrics).toContain('holdfast_calls');
  expect(collector.metrics).toContain('holdfast_call_duration_seconds');
});

test.each([
  ['a caller that does not sample is followed, even into a fault', { traceparent: `00-${TRACE}-${SPAN}-00` }, 1, 0],
  ['what went wrong is kept of every trace that begins here', {}, 0, 4],
  ['and of what went well only the share', {}, null, 0],
])('%s', async (_, headers, share, spans) => {
  collector.spans.length = 0;
  const door = await openGateway(configOf({ endpoint, traces: { share: share ?? 0 }, metrics: { enabled: false } }));
  if (share !== null) provider.nextFaults(['server-error', 'server-error', 'server-error']);
  await ask(door, headers);
  await door.close();
  expect(collector.spans).toHaveLength(spans);
});

test('a dead collector costs spans, is told of once, and no call notices', async () => {
  const dead = new Collector();
  const address = await dead.listen();
  dead.close();
  const door = await openGateway(configOf({ endpoint: address, traces: { share: 1 }, metrics: { every: '50ms' } }));
  for (let call = 0; call < 20; call += 1) expect((await ask(door)).status).toBe(200);
  await door.close();
});

test('without telemetry the trace goes on as it came, and is in the record', async () => {
  const door = await openGateway({ ...configOf({}), telemetry: {} });
  const traceparent = `00-${TRACE}-${SPAN}-01`;
  await ask(door, { traceparent });
  await ask(door, { traceparent: 'nonsense' });
  await door.settled();
  expect(door.records.map(({ trace }) => trace)).toEqual([
    { traceId: TRACE, parentId: SPAN, spanId: null, sampled: true },
    null,
  ]);
  await door.close();
});
