import { describe, expect, test } from 'vitest';
import { Meter } from './meter.ts';
import { seededRandom } from '../random.ts';

/** A provider's own bucket: so many a minute, so many at once. */
class Bucket {
  perMinute: number;
  readonly burst: number;
  #level: number;
  #at = 0;

  constructor(perMinute: number, burst: number) {
    this.perMinute = perMinute;
    this.burst = burst;
    this.#level = burst;
  }

  /** What the headers say after the request; whether it was let through. */
  ask(amount: number, now: number): { accepted: boolean; limit: number; remaining: number; resetMs: number } {
    this.#level = Math.min(this.burst, this.#level + ((now - this.#at) * this.perMinute) / 60_000);
    this.#at = now;
    const accepted = this.#level >= amount;
    if (accepted) this.#level -= amount;
    const resetMs = Math.ceil(((this.burst - this.#level) * 60_000) / this.perMinute);
    return { accepted, limit: this.perMinute, remaining: Math.floor(this.#level), resetMs };
  }
}

/** Sends whenever the meter allows, for so long, beside strangers; answers come after `delayMs`. */
function send(
  meter: Meter,
  bucket: Bucket,
  {
    from = 0,
    forMs,
    strangers = 0,
    delayMs = 200,
  }: { from?: number; forMs: number; strangers?: number; delayMs?: number },
): { accepted: number; refused: number } {
  const random = seededRandom(7);
  const answers: { at: number; tell: () => void }[] = [];
  let accepted = 0;
  let refused = 0;
  for (let now = from; now < from + forMs; now += 10) {
    while (answers[0] !== undefined && answers[0].at <= now) answers.shift()?.tell();
    if (random() < strangers / 100) bucket.ask(1, now);
    if (meter.readyIn(1, 0, now) > 0) continue;
    meter.take(1, now);
    const mark = meter.known ? meter.mark(now) : null;
    const told = bucket.ask(1, now);
    const at = now + (told.accepted ? delayMs : 10);
    if (told.accepted) accepted += 1;
    else refused += 1;
    const tell = (): void => {
      meter.heard(told, mark, told.accepted ? 0 : 1, at);
      if (told.accepted) meter.accepted(at);
      else meter.refused(1, (60_000 / bucket.perMinute) | 0, told.remaining, mark, at);
    };
    answers.push({ at, tell });
    answers.sort((a, b) => a.at - b.at);
  }
  return { accepted, refused };
}

describe('a limit', () => {
  test('is none until something is learnt', () => {
    const meter = new Meter();
    for (let now = 0; now < 1000; now += 1) meter.take(1, now);
    expect([meter.known, meter.readyIn(1e9, 1, 1000), meter.clearsIn(1e9, 0, 1000), meter.headroom(1000)]).toEqual([
      false,
      0,
      0,
      1,
    ]);
  });

  test('is kept to, and used up, as soon as it was told', () => {
    const meter = new Meter();
    const bucket = new Bucket(600, 10);
    send(meter, bucket, { forMs: 2_000 });
    const { accepted, refused } = send(meter, bucket, { from: 2_000, forMs: 60_000 });
    expect(refused).toBe(0);
    expect(accepted).toBeGreaterThan(585);
  });

  test('lets as much go at once as the provider does', () => {
    const meter = new Meter();
    meter.take(1, 0);
    meter.heard({ limit: 600, remaining: 599, resetMs: 100 }, null, 0, 10);
    let sent = 0;
    for (; meter.readyIn(1, 0, 20) === 0; sent += 1) meter.take(1, 20);
    expect(sent).toBeGreaterThan(590);
    expect(sent).toBeLessThanOrEqual(599);
  });

  test('is followed when it is halved, and when it is doubled', () => {
    const meter = new Meter();
    const bucket = new Bucket(600, 10);
    send(meter, bucket, { forMs: 20_000 });
    bucket.perMinute = 300;
    const halved = send(meter, bucket, { from: 20_000, forMs: 20_000 });
    expect(halved.refused).toBeLessThanOrEqual(3);
    expect(halved.accepted).toBeGreaterThan(93);
    bucket.perMinute = 1200;
    const doubled = send(meter, bucket, { from: 40_000, forMs: 20_000 });
    expect(doubled.refused).toBeLessThanOrEqual(1);
    expect(doubled.accepted).toBeGreaterThan(370);
  });

  test('is shared with strangers who take most of it', () => {
    const meter = new Meter();
    const bucket = new Bucket(600, 10);
    send(meter, bucket, { forMs: 10_000, strangers: 6 });
    const { accepted, refused } = send(meter, bucket, { from: 10_000, forMs: 120_000, strangers: 6 });
    // Strangers take six of ten a second; of the other four nearly all are to be had.
    expect(accepted / 120).toBeGreaterThan(3.4);
    expect(refused / (accepted + refused)).toBeLessThan(0.02);
  });

  test('that nobody tells is felt for, from refusals alone', () => {
    const meter = new Meter();
    const bucket = new Bucket(600, 10);
    let accepted = 0;
    let refused = 0;
    for (let now = 0; now < 120_000; now += 50) {
      if (meter.readyIn(1, 0, now) > 0) continue;
      meter.take(1, now);
      if (bucket.ask(1, now).accepted) {
        accepted += 1;
        meter.accepted(now);
      } else {
        refused += 1;
        meter.refused(1, 100, null, null, now);
      }
    }
    expect(accepted / 120).toBeGreaterThan(8);
    expect(refused / accepted).toBeLessThan(0.02);
  });

  test('that is enforced in shorter slices than it is told shows itself by refusing with plenty left', () => {
    const meter = new Meter();
    meter.take(1, 0);
    meter.heard({ limit: 600, remaining: 599, resetMs: 100 }, null, 0, 10);
    for (let sent = 0; sent < 30; sent += 1) meter.take(1, 20);
    meter.refused(1, 500, 560, meter.mark(20), 30);
    let sent = 0;
    for (let now = 1030; now < 11_030; now += 10) {
      if (meter.readyIn(1, 0, now) > 0) continue;
      meter.take(1, now);
      sent += 1;
    }
    // Ten a second, and at most a second's worth at once.
    expect(sent).toBeGreaterThan(90);
    expect(sent).toBeLessThanOrEqual(112);
  });

  test('is obeyed when the provider says to wait for longer than its count explains', () => {
    const meter = new Meter();
    meter.heard({ limit: 600, remaining: 100, resetMs: 50_000 }, null, 0, 0);
    meter.refused(1, 37_000, 0, null, 0);
    expect(meter.readyIn(1, 0, 0)).toBe(37_000);
    expect(meter.readyIn(1, 0, 37_000)).toBe(0);
  });

  test('that is stated is never exceeded, whatever the provider says', () => {
    const meter = new Meter();
    meter.state(60, 0);
    meter.heard({ limit: 600, remaining: 599, resetMs: 100 }, null, 0, 0);
    let sent = 0;
    for (let now = 0; now < 60_000; now += 10) {
      if (meter.readyIn(1, 0, now) > 0) continue;
      meter.take(1, now);
      sent += 1;
    }
    expect(sent).toBeGreaterThan(55);
    expect(sent).toBeLessThanOrEqual(61);
  });

  test('leaves a share to others when asked to', () => {
    const meter = new Meter();
    meter.heard({ limit: 600, remaining: 600, resetMs: 0 }, null, 0, 0);
    let sent = 0;
    for (; meter.readyIn(1, 0.5, 0) === 0; sent += 1) meter.take(1, 0);
    expect(sent).toBeGreaterThan(280);
    expect(sent).toBeLessThanOrEqual(300);
    expect(meter.readyIn(1, 0, 0)).toBe(0);
  });

  test('lets go what is larger than can ever be there when as much is there as can be', () => {
    const meter = new Meter();
    meter.heard({ limit: 6000, remaining: 6000, resetMs: 0 }, null, 0, 0);
    expect(meter.readyIn(9000, 0, 0)).toBe(0);
    meter.take(9000, 0);
    expect(meter.readyIn(1, 0, 0)).toBeGreaterThan(29_000);
  });
});
