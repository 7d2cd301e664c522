import { describe, expect, test } from 'vitest';
import { chat } from '../providers/openai/chat.ts';
import type { Call } from './call.ts';
import { faultOf } from './fault/index.ts';
import { line } from './line.ts';
import { Pins } from './pins.ts';
import { DEFAULT_BREAKER, DEFAULT_BUDGET, DEFAULT_FALLBACK_ON, DEFAULT_RETRY, DEFAULT_TIMEOUTS } from './policy.ts';
import { type Receiver, Unsendable } from './ports.ts';
import type { CallRecord } from './record.ts';
import type { Reply } from './reply.ts';
import { answer, callAt, refusal, type Script, ScriptedEndpoint } from './scripted.test-support.ts';
import { Target } from './target.ts';
import { VirtualClock } from './virtual-clock.ts';

/** The target's wire has no words for the call. */
const unsayable: Script = [
  (receiver: Receiver) =>
    receiver.onError(
      new Unsendable(faultOf('unsupported-parameter', { message: 'it has no words for it', elsewhere: true })),
    ),
];
const busy = refusal(503, 'server_is_overloaded', { 'retry-after': '3' });
const broken = refusal(400, 'invalid_request_error');

async function send(scripts: readonly (readonly Script[])[], calls = 1) {
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
      timeouts: DEFAULT_TIMEOUTS.stream,
      wholeTimeouts: DEFAULT_TIMEOUTS.whole,
      retry: DEFAULT_RETRY,
      fallbackOn: DEFAULT_FALLBACK_ON,
    }),
  });
  let reply: Reply | null = null;
  let call: Call = callAt(clock);
  for (let made = 0; made < calls; made += 1) {
    call = callAt(clock);
    void handle(call).then((given) => (reply = given));
    await clock.advance(60_000);
  }
  const given = reply as Reply | null;
  return {
    kind: given?.kind === 'failed' ? given.fault.kind : given?.kind,
    opened: endpoints.map(({ opened }) => opened),
    targets,
    records,
    call,
  };
}

describe('a call that a target cannot be asked', () => {
  test('goes to the next one, though nothing has failed', async () => {
    expect(await send([[unsayable], [answer]])).toMatchObject({ kind: 'whole', opened: [1, 1] });
  });

  test('goes past several', async () => {
    expect(await send([[unsayable], [unsayable], [unsayable], [answer]])).toMatchObject({ opened: [1, 1, 1, 1] });
  });

  test('is told why, when nobody can be asked it', async () => {
    expect(await send([[unsayable], [unsayable]])).toMatchObject({ kind: 'unsupported-parameter', opened: [1, 1] });
  });

  test('is told what went wrong before, when something did', async () => {
    const { kind, opened } = await send([[refusal(401, 'invalid_api_key')], [unsayable]]);
    expect(kind).toBe('authentication');
    expect(opened).toEqual([1, 0]);
    expect(await send([[busy], [unsayable]])).toMatchObject({ kind: 'overloaded' });
  });

  test('never asks the same target again, but waits for the one before', async () => {
    expect(await send([[busy, answer], [unsayable]])).toMatchObject({ kind: 'whole', opened: [2, 1] });
  });

  test("is not shopped around after a failure that is the call's own", async () => {
    expect(await send([[unsayable], [broken], [answer]])).toMatchObject({ kind: 'invalid-request', opened: [1, 1, 0] });
  });

  test('says nothing of how the target does', async () => {
    const { targets } = await send([[unsayable], [answer]], 40);
    expect(targets[0]?.breaker.state.name).toBe('closed');
  });
});

describe('what a target was not told', () => {
  const losing: Script = [
    (receiver) =>
      receiver.onLost?.([
        { field: 'seed', how: 'dropped', why: 'x' },
        { field: 'a\r\nb', how: 'changed', why: 'x' },
      ]),
    ...answer,
  ];

  test('stands in the record and in a header of the answer that went without it', async () => {
    const { records, call } = await send([[losing]]);
    expect(records[0]?.notes).toEqual(['lost: seed', 'lost: a__b (changed)']);
    expect(call.told).toEqual(['x-holdfast-lost', 'seed; dropped, a__b; changed']);
  });

  test('does not, where another has answered', async () => {
    const losingInVain: Script = [losing[0] as Script[number], ...busy];
    const { records, call } = await send([[losingInVain], [answer]]);
    expect(records[0]?.notes).toEqual([]);
    expect(call.told).toEqual([]);
  });
});
