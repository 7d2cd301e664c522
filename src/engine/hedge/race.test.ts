import { describe, expect, test } from 'vitest';
import { chat } from '../../providers/openai/chat.ts';
import type { Call } from '../call.ts';
import { Cancellation } from '../cancellation.ts';
import { faultOf } from '../fault/index.ts';
import { line } from '../line.ts';
import { Pins } from '../pins.ts';
import { DEFAULT_BREAKER, DEFAULT_BUDGET, DEFAULT_FALLBACK_ON, DEFAULT_RETRY, DEFAULT_TIMEOUTS } from '../policy.ts';
import type { CallRecord } from '../record.ts';
import type { Reply } from '../reply.ts';
import {
  callAt,
  refusal,
  role,
  says,
  type Script,
  ScriptedEndpoint,
  sent,
  sse,
  stop,
  end,
} from '../scripted.test-support.ts';
import { Target } from '../target.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { Hedger } from './hedger.ts';

const speaks = (afterMs: number, text: string): Script => [sent, sse, role, afterMs, says(text), 10, stop, end];

interface House {
  readonly clock: VirtualClock;
  readonly endpoints: readonly ScriptedEndpoint[];
  readonly targets: readonly Target[];
  readonly records: CallRecord[];
  readonly send: (facts?: Partial<Call>) => Promise<{ text: string; call: Call; reply: Reply | null }>;
}

/** One rung of scripted targets, of which the first is always chosen first; hedged after 100 ms. */
function house(scripts: readonly (readonly Script[])[], ladder: 'one rung' | 'a rung each' = 'one rung'): House {
  const clock = new VirtualClock();
  const endpoints = scripts.map((each, index) => new ScriptedEndpoint(`t${index}`, clock, each));
  const targets = endpoints.map((each) => new Target(each, { budget: DEFAULT_BUDGET, breaker: DEFAULT_BREAKER }));
  const records: CallRecord[] = [];
  const candidates = targets.map((target) => ({ target, model: null, weight: 1 }));
  const route = {
    id: 'r',
    ladder: ladder === 'one rung' ? [candidates] : candidates.map((candidate) => [candidate]),
    timeouts: DEFAULT_TIMEOUTS.stream,
    wholeTimeouts: DEFAULT_TIMEOUTS.whole,
    retry: DEFAULT_RETRY,
    fallbackOn: DEFAULT_FALLBACK_ON,
    hedger: new Hedger({ afterMs: 100, budget: 0.5 }),
  };
  const handle = line({
    clock,
    random: () => 0,
    pins: new Pins(),
    emit: (record) => records.push(record),
    dialectOf: () => chat,
    routeOf: () => route,
  });
  const send: House['send'] = async (facts = {}) => {
    const call = callAt(clock, { stream: true, ...facts });
    const chunks: Uint8Array[] = [];
    let reply: Reply | null = null;
    void handle(call).then((given) => {
      reply = given;
      if (given.kind !== 'stream') return;
      given.stream.start({ write: (chunk) => chunks.push(chunk) > 0, end: () => undefined, fail: () => undefined });
    });
    await clock.advance(5_000);
    return { text: Buffer.concat(chunks).toString(), call, reply };
  };
  return { clock, endpoints, targets, records, send };
}

const summary = ({ attempts }: CallRecord): (string | undefined)[][] =>
  attempts.map(({ target, reason, fault }) => [target, reason, fault?.kind]);

describe('a second attempt', () => {
  test('is not made where the first is in time', async () => {
    const { send, records, endpoints } = house([[speaks(90, 'first')], [speaks(10, 'second')]]);
    const { text } = await send();
    expect(text).toContain('first');
    expect(endpoints[1]?.opened).toBe(0);
    expect(records.map(summary)).toEqual([[['t0', 'first', undefined]]]);
  });

  test('overtakes a first that is late, and stops it at once', async () => {
    const { send, records, endpoints, targets } = house([[speaks(2_000, 'first')], [speaks(50, 'second')]]);
    const { text } = await send();
    expect(text).toContain('second');
    expect(text).not.toContain('first');
    expect(endpoints[0]?.aborted).toBe(1);
    expect(records.map(summary)).toEqual([
      [
        ['t0', 'first', 'cancelled'],
        ['t1', 'hedge', undefined],
      ],
    ]);
    const [record] = records;
    expect(record).toMatchObject({ outcome: 'answered', target: 't1', firstContentMs: 150, fault: null });
    expect(record?.attempts[0]).toMatchObject({ durationMs: 150, fault: { party: 'gateway' } });
    expect(record?.overheadMs).toBe(0);
    expect(targets[0]?.concurrency.inFlight).toBe(0);
  });

  test('is stopped when the first comes after all', async () => {
    const { send, records, endpoints } = house([[speaks(150, 'first')], [speaks(2_000, 'second')]]);
    const { text } = await send();
    expect(text).toContain('first');
    expect(text).not.toContain('second');
    expect(endpoints[1]?.aborted).toBe(1);
    expect(records).toMatchObject([{ target: 't0', firstContentMs: 150, outcome: 'answered' }]);
    expect(records.map(summary)).toEqual([
      [
        ['t0', 'first', undefined],
        ['t1', 'hedge', 'cancelled'],
      ],
    ]);
  });

  test('runs on when the first fails', async () => {
    const late: Script = [120, ...refusal(503, 'server_is_overloaded')];
    const { send, records } = house([[late], [speaks(500, 'second')]]);
    expect((await send()).text).toContain('second');
    expect(records.map(summary)).toEqual([
      [
        ['t0', 'first', 'overloaded'],
        ['t1', 'hedge', undefined],
      ],
    ]);
  });

  test('that fails leaves the first to run on', async () => {
    const { send, records } = house([[speaks(700, 'first')], [refusal(503, 'server_is_overloaded')]]);
    expect((await send()).text).toContain('first');
    expect(records.map(summary)).toEqual([
      [
        ['t0', 'first', undefined],
        ['t1', 'hedge', 'overloaded'],
      ],
    ]);
  });

  test('is made at the same target where it stands alone', async () => {
    const { send, records } = house([[speaks(2_000, 'first'), speaks(20, 'second')]]);
    expect((await send()).text).toContain('second');
    expect(records.map(summary)).toEqual([
      [
        ['t0', 'first', 'cancelled'],
        ['t0', 'hedge', undefined],
      ],
    ]);
  });

  test.each<[string, Partial<Call>]>([
    ['a whole answer', { stream: false }],
    ['bytes that are carried unread', { operation: 'passthrough', path: '/files' }],
    ['an upload', { body: { kind: 'upload', source: (async function* () {})() } }],
    ['a conversation with provider state', { pins: ['resp_1'] }],
  ])('is not made for %s', async (_, facts) => {
    const { send, records } = house([[speaks(2_000, 'first')], [speaks(10, 'second')]]);
    await send(facts);
    expect(records).toHaveLength(1);
    expect(records[0]?.attempts.map(({ reason }) => reason)).not.toContain('hedge');
  });

  test('is not made where its target is down', async () => {
    const { send, endpoints, targets } = house([[speaks(300, 'first')], [speaks(10, 'second')]]);
    for (let at = 0; at < 10; at += 1) {
      const permit = targets[1]?.breaker.enter(0);
      if (permit) targets[1]?.breaker.settle(permit, faultOf('unavailable'), 0, 0, () => 0.5);
    }
    expect(targets[1]?.breaker.state.name).toBe('open');
    expect((await send()).text).toContain('first');
    expect(endpoints[1]?.opened).toBe(0);
  });

  test('ends with the call when the caller leaves', async () => {
    const { send, clock, endpoints, records, targets } = house([[speaks(2_000, 'a')], [speaks(2_000, 'b')]]);
    const cancellation = new Cancellation();
    clock.after(500, () => cancellation.cancel('the caller left'));
    const { reply } = await send({ cancellation });
    expect(reply).toMatchObject({ kind: 'failed', fault: { kind: 'cancelled' } });
    expect(endpoints.map(({ aborted }) => aborted)).toEqual([1, 1]);
    expect(records).toMatchObject([{ outcome: 'cancelled' }]);
    expect(targets.map(({ concurrency }) => concurrency.inFlight)).toEqual([0, 0]);
    expect(clock.pending).toBe(0);
  });

  test('a stream that won hears of its caller leaving', async () => {
    const long: Script = [sent, sse, role, 50, says('second'), 60_000, stop, end];
    const { send, clock, endpoints, records } = house([[speaks(2_000, 'first')], [long]]);
    const { call } = await send();
    call.cancellation.cancel('the caller left');
    await clock.advance(10);
    expect(endpoints[1]?.aborted).toBe(1);
    expect(records).toMatchObject([{ outcome: 'cancelled', target: 't1' }]);
  });
});
