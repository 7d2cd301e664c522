import { describe, expect, test } from 'vitest';
import { chat } from '../../providers/openai/chat.ts';
import type { Call } from '../call.ts';
import { Cancellation } from '../cancellation.ts';
import { line } from '../line.ts';
import { Pins } from '../pins.ts';
import { DEFAULT_BREAKER, DEFAULT_BUDGET, DEFAULT_FALLBACK_ON, DEFAULT_RETRY, DEFAULT_TIMEOUTS } from '../policy.ts';
import type { CallRecord } from '../record.ts';
import {
  breaks,
  callAt,
  end,
  refusal,
  role,
  says,
  type Script,
  ScriptedEndpoint,
  sent,
  sse,
  stop,
} from '../scripted.test-support.ts';
import { Target } from '../target.ts';
import { VirtualClock } from '../virtual-clock.ts';

const BODY = Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Go.' }], stream: true }));
const cut: Script = [sent, sse, role, says('The kelp ho'), 10, breaks];
const whole = (text: string, afterMs = 10): Script => [sent, sse, role, afterMs, says(text), 10, stop, end];

interface Told {
  readonly text: string;
  readonly ended: boolean;
  readonly record: CallRecord | undefined;
  readonly clock: VirtualClock;
  readonly endpoints: readonly ScriptedEndpoint[];
  readonly targets: readonly Target[];
}

/** One chat through a ladder of scripted targets, whose streams are gone on with. */
async function chatThrough(scripts: readonly Script[], facts: Partial<Call> = {}, leavesAfterMs = 0): Promise<Told> {
  const clock = new VirtualClock();
  const endpoints = scripts.map((script, index) => new ScriptedEndpoint(`t${index}`, clock, [script]));
  const targets = endpoints.map((each) => new Target(each, { budget: DEFAULT_BUDGET, breaker: DEFAULT_BREAKER }));
  const records: CallRecord[] = [];
  const handle = line({
    clock,
    random: () => 0.5,
    pins: new Pins(),
    emit: (record) => records.push(record),
    dialectOf: () => chat,
    routeOf: () => ({
      id: 'r',
      ladder: targets.map((target) => [{ target, model: null, weight: 1 }]),
      timeouts: DEFAULT_TIMEOUTS.stream,
      wholeTimeouts: DEFAULT_TIMEOUTS.whole,
      retry: { ...DEFAULT_RETRY, attempts: 1 },
      fallbackOn: DEFAULT_FALLBACK_ON,
      continues: true,
    }),
  });
  const cancellation = new Cancellation();
  const chunks: Uint8Array[] = [];
  let ended = false;
  void handle(callAt(clock, { stream: true, body: BODY, cancellation, ...facts })).then((reply) => {
    if (reply.kind !== 'stream') return;
    reply.stream.start({ write: (chunk) => chunks.push(chunk) > 0, end: () => (ended = true), fail: () => undefined });
  });
  if (leavesAfterMs > 0) clock.after(leavesAfterMs, () => cancellation.cancel('the caller left'));
  await clock.advance(5_000);
  return { text: Buffer.concat(chunks).toString(), ended, record: records[0], clock, endpoints, targets };
}

const content = (text: string): string => [...text.matchAll(/"content":"([^"]*)"/g)].map(([, piece]) => piece).join('');
const summary = (record: CallRecord | undefined): unknown =>
  record?.attempts.map(({ target, reason, fault }) => [target, reason, fault?.kind]);

describe('a stream that breaks off', () => {
  test('is gone on with by the next rung: one answer, one record', async () => {
    const { text, ended, record, targets, clock } = await chatThrough([cut, whole('The kelp holds.')]);
    expect(content(text)).toBe('The kelp holds.');
    expect(text.match(/"role"/g)).toHaveLength(1);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(ended).toBe(true);
    expect(record).toMatchObject({ outcome: 'answered', target: 't1', firstContentMs: 0, notes: ['continued: at=11'] });
    expect(summary(record)).toEqual([
      ['t0', 'first', 'partial-response'],
      ['t1', 'continue', undefined],
    ]);
    expect(targets.map(({ concurrency }) => concurrency.inFlight)).toEqual([0, 0]);
    expect(clock.pending).toBe(0);
  });

  test('is not gone on with by who begins anew: the next one is asked', async () => {
    const anew = whole('Certainly, here is the whole of it once more.');
    const { text, record, endpoints } = await chatThrough([cut, anew, whole('The kelp holds.')]);
    expect(content(text)).toBe('The kelp holds.');
    expect(endpoints[1]?.aborted).toBe(1);
    expect(summary(record)).toEqual([
      ['t0', 'first', 'partial-response'],
      ['t1', 'continue', 'cancelled'],
      ['t2', 'continue', undefined],
    ]);
  });

  test('fails in the open with what broke it when nobody goes on', async () => {
    const { text, ended, record } = await chatThrough([cut, refusal(503, 'server_is_overloaded')]);
    expect(content(text)).toBe('The kelp ho');
    expect(text).toContain('"error"');
    expect(text).not.toContain('[DONE]');
    expect(ended).toBe(true);
    expect(record).toMatchObject({ outcome: 'interrupted', fault: { kind: 'partial-response' } });
  });

  test('ends with its caller, who leaves before it is gone on with', async () => {
    const { text, record, endpoints, targets, clock } = await chatThrough(
      [cut, whole('The kelp holds.', 60_000)],
      {},
      500,
    );
    expect(content(text)).toBe('The kelp ho');
    expect(text).not.toContain('"error"');
    expect(record).toMatchObject({ outcome: 'cancelled' });
    expect(endpoints[1]?.aborted).toBe(1);
    expect(targets.map(({ concurrency }) => concurrency.inFlight)).toEqual([0, 0]);
    // The script's own pause.
    expect(clock.pending).toBe(1);
  });

  test('or amid the rest', async () => {
    const long: Script = [sent, sse, role, says('The kelp holds'), 60_000, stop, end];
    const { text, record, endpoints } = await chatThrough([cut, long], {}, 500);
    expect(content(text)).toBe('The kelp holds');
    expect(record).toMatchObject({ outcome: 'cancelled' });
    expect(endpoints[1]?.aborted).toBe(1);
  });
});
