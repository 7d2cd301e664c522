import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FaultKind } from '../src/engine/fault/fault.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { ask, Heard } from './conversation.ts';
import { type Door, type DoorOptions, DOORS, openDoor } from './harness.ts';
import { complaintsAbout, told } from './told.ts';

const TOKENS = 60;

/** The words of the first provider and of the second: a mix of the two would show. */
const FIRST = Array.from({ length: TOKENS }, (_, at) => `${at === 0 ? '' : ' '}one${at}`);
const SECOND = Array.from({ length: TOKENS }, (_, at) => `${at === 0 ? '' : ' '}two${at}`).join('');

/** Ways for a stream to die at a token, and what they have to be called. */
const DEATHS: readonly (readonly [fault: string, kind: FaultKind])[] = [
  ['cut', 'partial-response'],
  ['end', 'partial-response'],
  ['error-event', 'server-error'],
  ['malformed-event', 'malformed-response'],
];

const EVERY_TOKEN = Array.from({ length: TOKENS }, (_, at) => at);

let one: Simulator;
let two: Simulator;
beforeAll(async () => {
  // Tokens come apart from one another, so that most of them are in a chunk of their own.
  const latency = { firstTokenMs: 0, perTokenMs: 3 };
  one = await startSimulator({ name: 'one', latency, scriptedAnswer: FIRST.join(''), rememberedRequests: 0 });
  two = await startSimulator({ name: 'two', scriptedAnswer: SECOND, rememberedRequests: 0 });
});
afterAll(() => Promise.all([one.close(), two.close()]));

describe.each(DOORS)('%s', (name) => {
  describe.each(['chat stream', 'responses stream'] as const)('%s', (asking) => {
    let patient: Door;
    let impatient: Door;
    beforeAll(async () => {
      const options: DoorOptions = {
        // The second provider is asked for a model without a fault in its name.
        ladder: [{ at: one }, { at: two, model: 'gpt-4.1' }],
        retry: { attempts: 1 },
        breaker: { enabled: false },
      };
      patient = await openDoor(name, options);
      impatient = await openDoor(name, { ...options, timeouts: { idleMs: 400, firstContentMs: 400 } });
    });
    afterAll(async () => {
      await patient.close();
      await impatient.close();
    });

    async function dieAt(fault: string, token: number, door: Door = patient): Promise<Ending> {
      const heard = new Heard();
      const error: unknown = await ask(door.client, asking, { model: `gpt-4o@${fault}:${token}` }, heard).then(
        () => null,
        (raised: unknown) => raised,
      );
      return { token, heard, error };
    }

    test.each(DEATHS)('%s at every token', async (fault, kind) => {
      await patient.settled();
      const before = patient.records.length;
      const endings = await Promise.all(EVERY_TOKEN.map((token) => dieAt(fault, token)));

      expect(endings.flatMap((ending) => faultsOf(ending, kind))).toEqual([]);
      const replaced = endings.filter(({ error }) => error === null).map(({ token }) => token);
      expect(replaced, 'nothing was said yet, so another could say it').toContain(0);
      // What comes in one chunk with the failure has not been given away yet: a few early deaths can be hidden too.
      expect(replaced.length).toBeLessThan(TOKENS / 4);
      await patient.settled();
      const outcomes = patient.records.slice(before).map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === 'interrupted')).toHaveLength(TOKENS - replaced.length);
      expect(outcomes.filter((outcome) => outcome === 'answered')).toHaveLength(replaced.length);
    });

    test('a stall', async () => {
      const endings = await Promise.all([0, 1, 2, 20, 40, 59].map((token) => dieAt('stall', token, impatient)));
      expect(endings.flatMap((ending) => faultsOf(ending, 'timeout'))).toEqual([]);
      expect(endings.filter(({ error }) => error === null).map(({ token }) => token)).toEqual([0]);
    });

    test('a reset', async () => {
      const endings = await Promise.all([0, 1, 20, 59].map((token) => dieAt('reset', token)));
      expect(endings.flatMap((ending) => faultsOf(ending, 'partial-response'))).toEqual([]);
      expect(endings.filter(({ error }) => error === null).map(({ token }) => token)).toEqual([0]);
    });
  });
});

interface Ending {
  readonly token: number;
  readonly heard: Heard;
  readonly error: unknown;
}

/** What is wrong with an ending: it has to be one whole answer of the second provider, or an open failure of the first. */
function faultsOf({ token, heard, error }: Ending, kind: FaultKind): string[] {
  const at = (what: string): string => `at token ${token}: ${what}`;
  if (error === null) {
    if (heard.text !== SECOND) return [at(`"${heard.text}" is not the second's answer`)];
    return heard.finish === null ? [at('the answer was not finished')] : [];
  }
  const wrong = complaintsAbout(error).map(at);
  if (told(error).fault !== kind) wrong.push(at(`called ${told(error).fault}`));
  if (heard.finish !== null) wrong.push(at(`"${heard.finish}" was invented`));
  if (heard.text !== FIRST.slice(0, token).join('')) wrong.push(at(`"${heard.text}" is not what was said before it`));
  return wrong;
}
