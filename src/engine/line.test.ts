import { describe, expect, test } from 'vitest';
import { chat } from '../providers/openai/chat.ts';
import type { Call } from './call.ts';
import { faultOf } from './fault/index.ts';
import { line } from './line.ts';
import { Pins } from './pins.ts';
import {
  DEFAULT_BREAKER,
  DEFAULT_BUDGET,
  DEFAULT_FALLBACK_ON,
  DEFAULT_RETRY,
  DEFAULT_TIMEOUTS,
  type RetryPolicy,
  type Timeouts,
} from './policy.ts';
import type { CallRecord } from './record.ts';
import type { Reply } from './reply.ts';
import {
  answer,
  breaks,
  bytes,
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
} from './scripted.test-support.ts';
import { Target } from './target.ts';
import { VirtualClock } from './virtual-clock.ts';

const overloaded = refusal(503, 'server_is_overloaded');

interface House {
  readonly clock: VirtualClock;
  readonly endpoints: ScriptedEndpoint[];
  readonly targets: Target[];
  readonly records: CallRecord[];
  /** Sends a call, lets time pass, and tells what the caller got. */
  readonly send: (facts?: Partial<Call>, forMs?: number) => Promise<Got>;
}

interface Got {
  readonly reply: Reply | null;
  /** Everything that a stream gave, and whether it broke. */
  readonly text: string;
  readonly ended: boolean;
  readonly call: Call;
}

/** A line over scripted targets, each a rung of its own. */
function house(
  scripts: readonly (readonly Script[])[],
  retry: Partial<RetryPolicy> = {},
  timeouts: Partial<Timeouts> = {},
): House {
  const clock = new VirtualClock();
  const endpoints = scripts.map((each, index) => new ScriptedEndpoint(`t${index}`, clock, each));
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
      timeouts: { ...DEFAULT_TIMEOUTS.stream, ...timeouts },
      wholeTimeouts: { ...DEFAULT_TIMEOUTS.whole, ...timeouts },
      retry: { ...DEFAULT_RETRY, ...retry },
      fallbackOn: DEFAULT_FALLBACK_ON,
    }),
  });
  return {
    clock,
    endpoints,
    targets,
    records,
    async send(facts = {}, forMs = 700_000) {
      const call = callAt(clock, facts);
      let got: Got = { reply: null, text: '', ended: false, call };
      void handle(call).then((reply) => {
        got = { ...got, reply };
        if (reply.kind !== 'stream') return;
        reply.stream.start({
          write: (chunk) => ((got = { ...got, text: got.text + Buffer.from(chunk).toString('utf8') }), true),
          end: () => void (got = { ...got, ended: true }),
          fail: () => undefined,
        });
      });
      await clock.advance(forMs);
      return got;
    },
  };
}

const kindOf = ({ reply }: Got): string => (reply?.kind === 'failed' ? reply.fault.kind : (reply?.kind ?? 'nothing'));

describe('retrying', () => {
  test.each<[string, Script, number]>([
    ['a transient failure', overloaded, 2],
    ['an internal error', refusal(500, 'server_error'), 2],
    ['exhausted quota is one attempt', refusal(429, 'insufficient_quota'), 1],
    ['a wrong key is one attempt', refusal(401, 'invalid_api_key'), 1],
    ['a bad request is one attempt', refusal(400, 'invalid_value'), 1],
    ['an overflowing prompt is one attempt', refusal(400, 'context_length_exceeded'), 1],
  ])('%s', async (_, script, attempts) => {
    const { send, endpoints, records } = house([[script, answer]]);
    const got = await send();
    expect(endpoints[0]?.opened).toBe(attempts);
    expect(kindOf(got)).toBe(attempts === 1 ? records[0]?.fault?.kind : 'whole');
    expect(records).toHaveLength(1);
    expect(records[0]?.attempts).toHaveLength(attempts);
  });

  test('waits as long as the provider asked', async () => {
    const { send, records } = house([[refusal(429, 'rate_limit_exceeded', { 'retry-after': '3' }), answer]]);
    await send();
    expect(records[0]?.outcome).toBe('answered');
    expect(records[0]?.attempts[1]?.waitedMs).toBeGreaterThanOrEqual(3_000);
    expect(records[0]?.attempts[1]?.waitedMs).toBeLessThanOrEqual(3_300);
    expect(records[0]?.overheadMs).toBeLessThan(1);
  });

  test('does not wait longer than is worth it, and says when to come back', async () => {
    const { send, endpoints } = house([[refusal(429, 'rate_limit_exceeded', { 'retry-after': '3600' })]]);
    const got = await send();
    expect(endpoints[0]?.opened).toBe(1);
    expect(got.reply).toMatchObject({ kind: 'failed', retryAfterMs: 60_000 });
  });

  test('one deadline holds for all attempts, and the caller hears of it before it gives up', async () => {
    const hangs: Script = [sent];
    const { send, clock, records } = house([[hangs]], {}, { headersMs: 3_000 });
    const before = clock.now();
    const got = await send({ patienceMs: 10_000 }, 10_000);
    expect(kindOf(got)).toBe('timeout');
    expect(records[0]?.durationMs).toBeLessThanOrEqual(9_500);
    expect(clock.now() - before).toBe(10_000);
  });

  test('a hundred callers hit by the same outage add at most a tenth', async () => {
    const { send, endpoints, records } = house([[refusal(503, 'server_error')]], { baseMs: 1 });
    await Promise.all(Array.from({ length: 100 }, () => send({}, 0)));
    await send({}, 60_000);
    expect(records).toHaveLength(101);
    expect(endpoints[0]?.opened).toBeLessThanOrEqual(110);
  });

  test("the caller's own retries are paid from the same budget", async () => {
    const { send, targets, endpoints } = house([[answer]]);
    while (targets[0]?.budget.take());
    const got = await send({ callerRetries: 2 });
    expect(kindOf(got)).toBe('retry-budget');
    expect(endpoints[0]?.opened).toBe(0);
    expect(kindOf(await send())).toBe('whole');
  });
});

describe('falling back', () => {
  test.each<[string, Script, boolean]>([
    ['overload', overloaded, true],
    ['exhausted quota', refusal(429, 'insufficient_quota'), true],
    ['a broken connection', [sent, breaks], true],
    ['a bad request stays', refusal(400, 'invalid_value'), false],
    ['a wrong key stays', refusal(401, 'invalid_api_key'), false],
    ['a refusal stays', refusal(400, 'content_policy_violation'), false],
  ])('%s', async (_, script, moves) => {
    const { send, endpoints } = house([[script], [answer]]);
    const got = await send();
    expect(endpoints[1]?.opened).toBe(moves ? 1 : 0);
    expect(got.reply?.kind).toBe(moves ? 'whole' : 'failed');
  });

  test('a long wait is spent elsewhere', async () => {
    const { send, records } = house([[refusal(429, 'rate_limit_exceeded', { 'retry-after': '5' })], [answer]]);
    await send();
    expect(records[0]?.attempts.map(({ target, reason }) => `${target} ${reason}`)).toEqual([
      't0 first',
      't1 fallback',
    ]);
  });

  test.each<[string, Script, (readonly Script[])[], number]>([
    ['the whole backoff for a target that is alone', refusal(500, 'server_error'), [], 250],
    ['a tenth of a second at most where another stands', refusal(500, 'server_error'), [[answer]], 50],
    ['the whole backoff for one that has too much to do', overloaded, [[answer]], 250],
  ])('a retry waits %s', async (_, first, others, waitedMs) => {
    const { send, records } = house([[first, answer], ...others]);
    await send();
    expect(records[0]?.attempts.map((each) => [each.target, each.waitedMs])).toEqual([
      ['t0', 0],
      ['t0', waitedMs],
    ]);
  });

  test('a target that has failed three times in a row is passed by where another stands', async () => {
    const { send, endpoints, targets } = house([[refusal(500, 'server_error')], [answer]], { attempts: 1 });
    for (let i = 0; i < 6; i += 1) await send({}, 10);
    expect(targets[0]?.breaker.state.name).toBe('closed');
    expect(endpoints.map(({ opened }) => opened)).toEqual([3, 6]);
  });

  test('a target known to be down is passed by, without an attempt', async () => {
    const { send, endpoints, targets, clock } = house([[refusal(500, 'server_error')], [answer]], { attempts: 1 });
    for (let i = 0; i < 5; i += 1) {
      targets[0]?.breaker.settle({ kind: 'normal' }, faultOf('server-error'), clock.now(), clock.now(), () => 0.5);
    }
    expect(targets[0]?.breaker.state.name).toBe('open');
    await send({}, 10);
    expect(endpoints.map(({ opened }) => opened)).toEqual([0, 1]);
  });

  test('with every breaker open the least bad target is tried, and its answer heals it', async () => {
    const failing = Array.from({ length: 5 }, () => refusal(500, 'server_error'));
    const { send, targets } = house([[...failing, answer]], { attempts: 1 });
    for (let i = 0; i < 5; i += 1) await send({}, 10);
    expect(kindOf(await send({}, 10))).toBe('circuit-open');
    const healed = await send({}, 2_000).then(() => send({}, 2_000));
    expect(healed.reply?.kind).toBe('whole');
    expect(targets[0]?.breaker.state.name).toBe('half-open');
  });
});

describe('streams', () => {
  const whole: Script = [sent, sse, role, says('a'), 5, says('b'), 5, stop, end];

  test('pass through byte for byte', async () => {
    const { send, records } = house([[whole]]);
    const got = await send({ stream: true });
    expect(got.ended).toBe(true);
    expect(got.text).toContain('"content":"b"');
    expect(got.text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(records).toMatchObject([{ outcome: 'answered', fault: null }]);
  });

  test.each<[string, Script]>([
    ['breaks after the role', [sent, sse, role, 5, breaks]],
    ['ends after the role', [sent, sse, role, end]],
    ['is empty', [sent, sse, end]],
    ['errs before content', [sent, sse, role, bytes('data: {"error":{"message":"x","code":"server_error"}}\n\n'), end]],
    ['is malformed before content', [sent, sse, bytes('data: {oops\n\n'), end]],
    ['is no stream', [sent, sse, bytes('<html>busy</html>\n'), end]],
    ['hangs before content', [sent, sse, role]],
    ['hangs before its head', [sent]],
    ['never connects', []],
  ])('one that %s is replaced unseen', async (_, script) => {
    const { send, endpoints, records } = house([[script], [whole]], { attempts: 1 });
    const got = await send({ stream: true });
    expect(endpoints.map(({ opened }) => opened)).toEqual([1, 1]);
    expect(got.text.match(/"role"/g)).toHaveLength(1);
    expect(got.text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(records[0]?.outcome).toBe('answered');
  });

  test.each<[string, Script, string]>([
    ['breaks', [sent, sse, role, says('a'), 5, breaks], 'partial-response'],
    ['ends politely', [sent, sse, role, says('a'), 5, end], 'partial-response'],
    ['is cut inside an event', [sent, sse, role, says('a'), 5, bytes('data: {"choi'), end], 'partial-response'],
    ['turns to garbage', [sent, sse, role, says('a'), 5, bytes('data: {oops\n\n')], 'malformed-response'],
    [
      'errs',
      [sent, sse, says('a'), 5, bytes('data: {"error":{"message":"x","code":"server_error"}}\n\n')],
      'server-error',
    ],
    ['falls silent', [sent, sse, role, says('a')], 'timeout'],
  ])('one that %s after content fails in the open', async (_, script, kind) => {
    const { send, endpoints, records } = house([[script], [whole]]);
    const got = await send({ stream: true });
    expect(endpoints[1]?.opened).toBe(0);
    expect(got.ended).toBe(true);
    expect(got.text).not.toContain('finish_reason":"stop');
    expect(got.text).not.toContain('[DONE]');
    expect(got.text).toMatch(new RegExp(`data: \\{"error":.*"fault":"${kind}".*\\}\n\n$`));
    expect(records).toMatchObject([{ outcome: 'interrupted', fault: { kind } }]);
  });

  test('one that breaks after its finish reason is complete', async () => {
    const finished = bytes('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n');
    const { send, records } = house([[[sent, sse, says('a'), 5, finished, 5, breaks]]]);
    const got = await send({ stream: true });
    expect(got.text).not.toContain('error');
    expect(records[0]?.outcome).toBe('answered');
  });

  test('of two choices both must finish', async () => {
    const first = bytes('data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n');
    const { send, records } = house([[[sent, sse, first, 5, end]]]);
    await send({ stream: true, choices: 2 });
    expect(records[0]?.outcome).toBe('interrupted');
  });
});

describe('a caller that leaves', () => {
  test.each([
    ['before the head', 5],
    ['before content', 15],
    ['amid content', 25],
  ])('%s stops the attempt at once, and leaves its record', async (_, atMs) => {
    const slow: Script = [sent, 10, sse, role, 10, says('a'), 1_000, stop, end];
    const { send, clock, endpoints, records } = house([[slow], [answer]]);
    const sending = send({ stream: true }, 0);
    const { call } = await sending;
    await clock.advance(atMs);
    call.cancellation.cancel('gone');
    await clock.advance(0);
    expect(endpoints[0]?.aborted).toBe(1);
    await clock.advance(100_000);
    expect(endpoints[1]?.opened).toBe(0);
    expect(records).toMatchObject([{ outcome: 'cancelled', fault: { kind: 'cancelled' } }]);
    expect(clock.pending).toBe(0);
  });

  test.each([
    ['tells nothing of the target before an answer is due', 90, false],
    ['tells of silence when nearly every answer would have begun', 2_000, true],
  ])('%s', async (_, patienceMs, told) => {
    const quick: Script = [sent, 100, ...answer.slice(1)];
    const { send, clock, targets } = house([[...Array.from({ length: 25 }, () => quick), [sent]]]);
    for (let i = 0; i < 25; i += 1) await send({}, 200);
    for (let i = 0; i < 30; i += 1) {
      const { call } = await send({}, patienceMs);
      call.cancellation.cancel('gone');
      await clock.advance(0);
    }
    const [target] = targets;
    expect((target?.concurrency.limit ?? 0) < 100).toBe(told);
    expect(target?.suspicion.suspect(clock.now())).toBe(told);
    expect(target?.breaker.state.name).toBe('closed');
  });

  test('during a wait ends it', async () => {
    const { send, clock, endpoints, records } = house([[refusal(429, 'rate_limit_exceeded', { 'retry-after': '8' })]]);
    const { call } = await send({}, 100);
    call.cancellation.cancel('gone');
    await clock.advance(0);
    expect(records).toMatchObject([{ outcome: 'cancelled' }]);
    expect(endpoints[0]?.opened).toBe(1);
  });
});

describe('time', () => {
  const slow = (ms: number): Script => [sent, ms, ...answer.slice(1)];

  test('impatient callers are not locked out by what was learnt from a slow spell', async () => {
    const { send, endpoints } = house([[...Array.from({ length: 25 }, () => slow(20_000)), answer]]);
    for (let i = 0; i < 25; i += 1) await send({}, 25_000);
    const got = await send({ patienceMs: 2_000 }, 5_000);
    expect(got.reply?.kind).toBe('whole');
    expect(endpoints[0]?.opened).toBe(26);
  });

  test('an attempt that cannot be expected to answer in time is not begun while others are under way', async () => {
    const { send, endpoints } = house([[slow(20_000)]]);
    for (let i = 0; i < 25; i += 1) await send({}, 25_000);
    await send({}, 0);
    const got = await send({ patienceMs: 2_000 }, 10);
    expect(kindOf(got)).toBe('timeout');
    expect(endpoints[0]?.opened).toBe(26);
  });
});

test('every timer is returned', async () => {
  const { send, clock } = house([[overloaded, overloaded, overloaded], [answer]]);
  await send();
  expect(clock.pending).toBe(0);
});
