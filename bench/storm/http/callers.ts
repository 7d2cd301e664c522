/** The callers: a process that makes the calls of every client in a scene, at times that a seed has drawn. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../src/engine/clock.ts';
import { seededRandom } from '../../../src/engine/random.ts';
import { ExactClock } from '../../../src/simulator/exact-clock.ts';
import { ANSWERED, PLAIN } from '../../../src/simulator/virtual/order.ts';
import { clientFor, type LiveClient } from './clients.ts';
import type { CallersFacts, CallersOrder, CallersReport, Ending } from './orders.ts';
import { Vigil } from './vigil.ts';

/** Beyond the deadline, as much as a machine with other work to do may be late by, ms. */
const GRACE_MS = 50;

const clock = new ExactClock();

async function carryOut({ seed, span, callers }: CallersOrder): Promise<CallersReport> {
  await sleep(Math.max(0, span.beginsAt - Date.now()));
  // On the clock that is never set back, from one moment for all.
  const beganAt = performance.now() - (Date.now() - span.beginsAt);
  const vigil = new Vigil();
  const endings = await Promise.all(callers.map((facts) => callAll(facts, seed, beganAt)));
  return { endings, heldUpMs: vigil.end() };
}

/** Everybody calls at their own time, whether others have been answered or not. */
async function callAll(facts: CallersFacts, seed: number, beganAt: number): Promise<readonly Ending[]> {
  const timed: Clock = {
    now: () => clock.now() - beganAt,
    wall: () => clock.wall(),
    after: (ms, ring) => clock.after(ms, ring),
    at: (dueAt, ring) => clock.at(dueAt + beganAt, ring),
  };
  const client = clientFor(facts, timed, seededRandom(seed * 8 + 3));
  // The dice of the virtual world's arrivals: the same seed has the same people call.
  const dice = seededRandom(seed * 8 + 1);
  const calls: Promise<Ending>[] = [];
  for (let at = gapMs(dice(), facts); at < facts.forMs; at += gapMs(dice(), facts)) {
    const early = at - timed.now();
    if (early > 0) await sleep(early);
    calls.push(callOnce(client, timed, calls.length, at, facts.deadlineMs));
  }
  const endings = await Promise.all(calls);
  await client.close();
  return endings;
}

function gapMs(roll: number, { callsPerSecond }: CallersFacts): number {
  return (-Math.log(1 - roll) / callsPerSecond) * 1000;
}

async function callOnce(
  client: LiveClient,
  timed: Clock,
  id: number,
  at: number,
  deadlineMs: number | null,
): Promise<Ending> {
  const deadlineAt = deadlineMs === null ? Number.POSITIVE_INFINITY : at + deadlineMs;
  const verdict = await client.make({ id, at, stream: false, tokens: 1, deadlineAt, ...PLAIN });
  const endedAt = timed.now();
  const inTime = endedAt <= deadlineAt + GRACE_MS;
  return { at, endedAt, answered: verdict === ANSWERED && inTime };
}

process.on('message', (order: CallersOrder) => {
  void carryOut(order).then((report) => process.send?.(report));
});
process.on('disconnect', () => process.exit(0));
