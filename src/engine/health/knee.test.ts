import { describe, expect, test } from 'vitest';
import { Knee } from './knee.ts';
import { seededRandom } from '../random.ts';

/** A server with so many workers, each at one call for an exponential time of 100 ms, before an endless queue. */
class Server {
  workers: number;
  readonly #freeAt: number[] = [];
  readonly #random = seededRandom(3);

  constructor(workers: number) {
    this.workers = workers;
  }

  /** When the answer to a call begins that comes now. */
  ask(now: number): number {
    this.#freeAt.sort((a, b) => a - b);
    while (this.#freeAt.length > this.workers) this.#freeAt.pop();
    const free = this.#freeAt.length < this.workers ? now : (this.#freeAt.shift() ?? now);
    const at = Math.max(now, free) - 100 * Math.log(1 - this.#random());
    this.#freeAt.push(at);
    return at;
  }
}

/** Demand that always fills what the knee allows, up to `most`. Returns answers a second, and calls under way at the end. */
function fill(
  knee: Knee,
  server: Server,
  from: number,
  forMs: number,
  most = 500,
): { perSecond: number; underWay: number } {
  const underWay: { at: number; sentAt: number; among: number }[] = [];
  let answered = 0;
  for (let now = from; now < from + forMs; now += 1) {
    underWay.sort((a, b) => a.at - b.at);
    while (underWay[0] !== undefined && underWay[0].at <= now) {
      const { sentAt, among } = underWay.shift() as (typeof underWay)[number];
      answered += 1;
      knee.content(sentAt, among, underWay.length + 1 > Math.min(most, knee.most) - 1, now);
    }
    while (underWay.length < Math.min(most, knee.most)) {
      underWay.push({ at: server.ask(now), sentAt: now, among: underWay.length + 1 });
    }
  }
  return { perSecond: (answered * 1000) / forMs, underWay: underWay.length };
}

describe('the knee', () => {
  test('of ten workers is found from above, where calls wait in the server’s own queue', () => {
    const knee = new Knee(null);
    const server = new Server(10);
    fill(knee, server, 0, 30_000, 200);
    const { perSecond } = fill(knee, server, 30_000, 60_000, 200);
    expect(knee.most).toBeGreaterThan(8);
    expect(knee.most).toBeLessThan(20);
    expect(perSecond).toBeGreaterThan(90);
  });

  test('is found from below by who has to be gentle', () => {
    const knee = new Knee(4);
    const server = new Server(10);
    expect(knee.most).toBe(4);
    fill(knee, server, 0, 60_000);
    const { perSecond } = fill(knee, server, 60_000, 60_000);
    expect(knee.most).toBeGreaterThan(8);
    expect(knee.most).toBeLessThan(20);
    expect(perSecond).toBeGreaterThan(85);
  });

  test('moves with the number of workers', () => {
    const knee = new Knee(8);
    const server = new Server(10);
    fill(knee, server, 0, 60_000);
    server.workers = 40;
    const { perSecond } = fill(knee, server, 60_000, 240_000);
    expect(perSecond).toBeGreaterThan(200);
  });

  test('is not looked for at a server that has room', () => {
    const knee = new Knee(null);
    const server = new Server(1000);
    const random = seededRandom(5);
    for (let now = 0; now < 120_000; now += 20) {
      const at = server.ask(now);
      knee.content(now, 5 + Math.floor(random() * 3), false, at);
      expect(knee.most).toBe(Number.POSITIVE_INFINITY);
    }
  });

  test('is let go when nobody is in anybody’s way any more', () => {
    const knee = new Knee(null);
    fill(knee, new Server(10), 0, 30_000, 200);
    expect(knee.most).toBeLessThan(200);
    knee.release(30_000);
    expect(knee.most).toBe(Number.POSITIVE_INFINITY);
    const gentle = new Knee(8);
    gentle.release(0);
    expect(gentle.most).toBe(8);
  });
});
