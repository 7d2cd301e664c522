import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callerStatus, faultOf } from '../src/engine/fault/index.ts';
import { FAULTS, type Misbehaviour, type Simulator, startSimulator } from '../src/simulator/index.ts';
import { ask, type Asking, ASKINGS, Heard, SAYING } from './conversation.ts';
import { type Door, type DoorOptions, DOORS, listening, openDoor } from './harness.ts';
import { complaintsAbout, told } from './told.ts';

/** Arguments that make a fault the same in less time. */
const QUICKER: Readonly<Record<string, number>> = {
  slow: 30,
  'slow-tokens': 2,
  pause: 30,
  refuse: 50,
  'huge-chunk': 200_000,
};

/** Oddities after which the caller gets less than the whole text, and is honestly told so by how each wire ends. */
const SHORTENED: Readonly<Record<string, { readonly chat: string; readonly responses: string }>> = {
  'content-filter': { chat: 'content_filter', responses: 'incomplete' },
  'empty-answer': { chat: 'length', responses: 'incomplete' },
  'response-incomplete': { chat: 'length', responses: 'incomplete' },
  // All of it comes, and none as a text.
  refusal: { chat: 'stop', responses: 'completed' },
};

/**
 * Where the provider's own word has to be taken: [DONE] says that the answer is over. No reason for it was given, and
 * none is made up.
 */
const TAKEN_AT_ITS_WORD: ReadonlySet<string> = new Set(['done-without-finish']);

/** A second attempt that needs a new connection is refused, and never becomes a request that the provider could count. */
const MAY_GO_UNSEEN: ReadonlySet<string> = new Set(['refuse']);

const WIRES = { chat: 'chat', 'chat stream': 'chat', responses: 'responses', 'responses stream': 'responses' } as const;

const GOOD = FAULTS.filter(({ kind, name }) => kind === null || TAKEN_AT_ITS_WORD.has(name));
const BAD = FAULTS.filter((fault) => !GOOD.includes(fault));

/** The ways of asking whose answers a fault can spoil. */
function askingsFor(fault: Misbehaviour): Asking[] {
  return ASKINGS.filter((asking) => {
    const streamed = asking.endsWith('stream');
    if (fault.spoils !== 'any' && (fault.spoils === 'stream') !== streamed) return false;
    return fault.wires?.includes(WIRES[asking]) ?? true;
  });
}

function modelWith({ name }: Misbehaviour): string {
  const argument = QUICKER[name];
  return `gpt-4o@${name}${argument === undefined ? '' : `:${argument}`}`;
}

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ rememberedRequests: 0 });
});
afterAll(() => simulator.close());

describe.each(DOORS)('%s', (name) => {
  let patient: Door;
  let impatient: Door;
  beforeAll(async () => {
    const options: DoorOptions = {
      ladder: [{ at: simulator }],
      // Two attempts, so that a test sees who retries; a wait that a provider asks for is never sat out.
      retry: { attempts: 2, baseMs: 1, maxWaitMs: 50 },
      budget: { capacity: 100_000 },
      breaker: { enabled: false },
    };
    patient = await openDoor(name, options);
    const timeouts = { connectMs: 2_000, headersMs: 100, firstContentMs: 100, idleMs: 100 };
    impatient = await openDoor(name, { ...options, timeouts });
  });
  afterAll(async () => {
    await patient.close();
    await impatient.close();
  });

  describe.each(BAD.map((fault) => [fault.name, fault] as const))('%s', (_, fault) => {
    test.each(askingsFor(fault))('%s', async (asking) => {
      const door = fault.kind === 'timeout' ? impatient : patient;
      const requestsBefore = simulator.stats.requests;
      const heard = new Heard();

      const { record, error } = await door.watch(() => ask(door.client, asking, { model: modelWith(fault) }, heard));

      const { attempts } = record;
      const requests = simulator.stats.requests - requestsBefore;
      await listening(simulator.port);
      expect(record.fault).toMatchObject({ kind: fault.kind });
      expect(complaintsAbout(error)).toEqual([]);
      expect(told(error)).toMatchObject({ fault: fault.kind, attempts: attempts.length });
      expect(heard.finish, 'nothing ended well').toBeNull();
      expect(SAYING.startsWith(heard.text), `"${heard.text}" was said so far`).toBe(true);
      expect(requests, 'the SDK adds no attempts of its own').toBeLessThanOrEqual(attempts.length);
      expect(requests).toBeGreaterThanOrEqual(MAY_GO_UNSEEN.has(fault.name) ? 1 : attempts.length);
    });
  });

  describe.each(GOOD.map((fault) => [fault.name, fault] as const))('%s', (_, fault) => {
    test.each(askingsFor(fault))('%s', async (asking) => {
      const requestsBefore = simulator.stats.requests;

      const { record, error, value } = await patient.watch(() =>
        ask(patient.client, asking, { model: modelWith(fault) }),
      );

      expect(error).toBeNull();
      expect(record).toMatchObject({ outcome: 'answered', status: 200, fault: null });
      expect(simulator.stats.requests - requestsBefore).toBe(1);
      expect(value).toMatchObject(expectedOf(fault, asking));
      expect(SAYING.startsWith(value?.text ?? '?')).toBe(true);
    });
  });

  test.each([400, 401, 403, 404, 409, 413, 418, 422, 429, 500, 502, 503, 504, 520, 529, 599])(
    'a bare status %i',
    async (status) => {
      const model = `gpt-4o@status:${status}`;
      const { record, error } = await patient.watch(() => ask(patient.client, 'chat', { model }));
      expect(complaintsAbout(error)).toEqual([]);
      expect(error).toMatchObject({ status: record.status });
      expect(told(error).fault).toBe(record.fault?.kind);
    },
  );

  test('the status a caller sees is the one of the fault', async () => {
    const { record, error } = await patient.watch(() => ask(patient.client, 'chat', { model: 'gpt-4o@edge-520' }));
    expect(record.attempts[0]?.status).toBe(520);
    expect(error).toMatchObject({ status: callerStatus(faultOf('bad-gateway')) });
  });
});

function expectedOf({ name }: Misbehaviour, asking: Asking): Partial<Heard> {
  if (TAKEN_AT_ITS_WORD.has(name)) return { finish: null };
  const shortened = SHORTENED[name];
  if (shortened !== undefined) return { finish: shortened[WIRES[asking]] };
  return { text: SAYING, finish: asking.startsWith('chat') ? 'stop' : 'completed' };
}
