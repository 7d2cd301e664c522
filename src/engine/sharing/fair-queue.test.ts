import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Claim, FairQueue, type Loss, type QueueBounds, type Ticket } from './fair-queue.ts';

const ROOMY: QueueBounds = { calls: 20_000, callsPerTenant: 20_000, bytes: 1e9 };

function claim(tenant: string, facts: Partial<Claim> = {}): Claim {
  const plain = { workload: '', weight: 1, lane: 'interactive', cost: 100, bytes: 0, deadlineAt: 1e9 } as const;
  return { ...plain, tenant, ...facts };
}

function queueOf(bounds: Partial<QueueBounds> = {}) {
  const lost: [string, Loss][] = [];
  const queue = new FairQueue<string>({ ...ROOMY, ...bounds }, (item, why) => lost.push([item, why]));
  return { queue, lost };
}

/** Takes the next `count`, as long as there are any. */
function drain(queue: FairQueue<string>, count: number, now = 0): string[] {
  const taken: string[] = [];
  for (let ticket = queue.first(now); ticket !== null && taken.length < count; ticket = queue.first(now)) {
    queue.take(ticket);
    taken.push(ticket.item);
  }
  return taken;
}

/** Who goes next, for a queue filled in the order given. */
const ORDERS: readonly (readonly [what: string, claims: readonly (readonly [string, Claim])[], order: string])[] = [
  [
    'first come, first served within one flow',
    [
      ['a1', claim('a')],
      ['a2', claim('a')],
      ['a3', claim('a')],
    ],
    'a1 a2 a3',
  ],
  [
    'the earliest deadline within one flow',
    [
      ['late', claim('a', { deadlineAt: 300 })],
      ['soon', claim('a', { deadlineAt: 100 })],
      ['later', claim('a', { deadlineAt: 400 })],
      ['middle', claim('a', { deadlineAt: 200 })],
    ],
    'soon middle late later',
  ],
  [
    'tenants in turn, however many calls one of them has brought',
    [
      ['a1', claim('a')],
      ['a2', claim('a')],
      ['a3', claim('a')],
      ['b1', claim('b')],
      ['b2', claim('b')],
    ],
    'a1 b1 a2 b2 a3',
  ],
  [
    'by tokens and not by calls',
    [
      ['a1', claim('a', { cost: 300 })],
      ['a2', claim('a', { cost: 300 })],
      ['b1', claim('b')],
      ['b2', claim('b')],
      ['b3', claim('b')],
      ['b4', claim('b')],
    ],
    'a1 b1 b2 b3 a2 b4',
  ],
  [
    'by weight',
    [
      ['a1', claim('a')],
      ['a2', claim('a')],
      ['b1', claim('b', { weight: 2 })],
      ['b2', claim('b', { weight: 2 })],
      ['b3', claim('b', { weight: 2 })],
      ['b4', claim('b', { weight: 2 })],
    ],
    'a1 b1 b2 a2 b3 b4',
  ],
  [
    "a tenant's workloads in turn, within its own share",
    [
      ['a-x1', claim('a', { workload: 'x' })],
      ['a-x2', claim('a', { workload: 'x' })],
      ['a-y1', claim('a', { workload: 'y' })],
      ['b1', claim('b')],
      ['b2', claim('b')],
      ['b3', claim('b')],
    ],
    'a-x1 b1 a-y1 b2 a-x2 b3',
  ],
  [
    'workloads by their own weight',
    [
      ['x1', claim('a', { workload: 'x', workloadWeight: 3 })],
      ['x2', claim('a', { workload: 'x', workloadWeight: 3 })],
      ['x3', claim('a', { workload: 'x', workloadWeight: 3 })],
      ['x4', claim('a', { workload: 'x', workloadWeight: 3 })],
      ['y1', claim('a', { workload: 'y' })],
      ['y2', claim('a', { workload: 'y' })],
    ],
    'x1 y1 x2 x3 x4 y2',
  ],
  [
    'people before background work',
    [
      ['night', claim('a', { lane: 'background', deadlineAt: 1 })],
      ['day1', claim('a')],
      ['day2', claim('b')],
    ],
    'day1 day2 night',
  ],
];

describe('who goes next', () => {
  test.each(ORDERS)('%s', (_, claims, order) => {
    const { queue } = queueOf();
    for (const [item, each] of claims) queue.push(item, each, 0);
    expect(drain(queue, 100).join(' ')).toBe(order);
    expect(queue.length).toBe(0);
  });

  test('who comes late to a long queue waits for one round, not for those who were there', () => {
    const { queue } = queueOf();
    for (let at = 0; at < 1000; at += 1) queue.push(`flood${at}`, claim('flood'), 0);
    drain(queue, 100);
    queue.push('victim', claim('victim'), 0);
    expect(drain(queue, 2)).toContain('victim');
  });

  test('who was idle may catch up by sixteen turns, and has no other claim on the time before', () => {
    const { queue } = queueOf();
    for (let at = 0; at < 1000; at += 1) queue.push(`a${at}`, claim('a'), 0);
    drain(queue, 500);
    for (let at = 0; at < 100; at += 1) queue.push(`b${at}`, claim('b'), 0);
    const bs = (count: number): number => drain(queue, count).filter((item) => item.startsWith('b')).length;
    expect(bs(16)).toBeGreaterThanOrEqual(15);
    expect(bs(100)).toBeLessThanOrEqual(51);
  });

  test('what a turn has really cost is charged afterwards', () => {
    const { queue } = queueOf();
    for (let at = 0; at < 20; at += 1) {
      queue.push(`a${at}`, claim('a'), 0);
      queue.push(`b${at}`, claim('b'), 0);
    }
    const first = queue.first(0) as Ticket<string>;
    queue.take(first);
    expect(first.item).toBe('a0');
    queue.correct(first, 500);
    queue.correct(first, 500);
    expect(drain(queue, 6).join(' ')).toBe('b0 b1 b2 b3 b4 a1');
  });

  test('background work gets a twentieth while people wait', () => {
    const { queue } = queueOf();
    for (let at = 0; at < 1000; at += 1) {
      queue.push('day', claim('a'), 0);
      queue.push('night', claim('a', { lane: 'background' }), 0);
    }
    const nights = drain(queue, 400).filter((item) => item === 'night').length;
    expect(nights).toBe(20);
  });

  test('tells whether a newcomer would be the next', () => {
    const { queue } = queueOf();
    expect([queue.nextIs('interactive'), queue.nextIs('background')]).toEqual([true, true]);
    queue.push('night', claim('a', { lane: 'background' }), 0);
    expect([queue.nextIs('interactive'), queue.nextIs('background')]).toEqual([true, false]);
    // People who never had to wait have taken what background work is owed a turn for.
    queue.served('interactive', 2000);
    expect(queue.nextIs('interactive')).toBe(false);
    expect(drain(queue, 1)).toEqual(['night']);
    queue.push('day', claim('a'), 0);
    expect([queue.nextIs('interactive'), queue.nextIs('background')]).toEqual([false, false]);
  });
});

describe('who leaves without a turn', () => {
  test('who is past its deadline, when its turn comes', () => {
    const { queue, lost } = queueOf();
    queue.push('early', claim('a', { deadlineAt: 10 }), 0);
    queue.push('late', claim('a', { deadlineAt: 20 }), 0);
    expect(drain(queue, 5, 10)).toEqual(['late']);
    expect(lost).toEqual([['early', 'expired']]);
  });

  test('who has gone by itself, once', () => {
    const { queue, lost } = queueOf();
    const ticket = queue.push('a', claim('a'), 0) as Ticket<string>;
    expect([queue.remove(ticket), queue.remove(ticket)]).toEqual([true, false]);
    expect([queue.length, queue.cost, lost]).toEqual([0, 0, []]);
  });

  test('of a full queue, one of those who fill it', () => {
    const { queue, lost } = queueOf({ calls: 10 });
    for (let at = 0; at < 9; at += 1) queue.push(`flood${at}`, claim('flood', { deadlineAt: 1000 + at }), 0);
    expect(queue.push('victim1', claim('victim'), 0)).not.toBeNull();
    expect(queue.push('flood9', claim('flood'), 0)).toBeNull();
    expect(queue.push('victim2', claim('victim'), 0)).not.toBeNull();
    expect(lost).toEqual([['flood8', 'displaced']]);
    expect(queue.length).toBe(10);
  });

  test('of a queue that holds too much memory, one of those who hold it', () => {
    const { queue, lost } = queueOf({ bytes: 100_000 });
    for (let at = 0; at < 9; at += 1) queue.push(`large${at}`, claim('large', { bytes: 10_000 }), 0);
    expect(queue.push('small', claim('small', { bytes: 2000 }), 0)).not.toBeNull();
    expect(lost).toEqual([['large8', 'displaced']]);
    expect(queue.push('huge', claim('huge', { bytes: 99_000 }), 0)).toBeNull();
  });

  test('of a tenant at its own bound, the newcomer', () => {
    const { queue } = queueOf({ callsPerTenant: 2 });
    const pushed = ['a1', 'a2', 'a3'].map((item) => queue.push(item, claim('a'), 0) !== null);
    expect(pushed).toEqual([true, true, false]);
    expect(queue.push('b', claim('b'), 0)).not.toBeNull();
  });
});

describe('what is ahead of a newcomer', () => {
  test('all of it, for the only tenant', () => {
    const { queue } = queueOf();
    expect(queue.ahead(claim('a'))).toEqual({ calls: 0, cost: 0 });
    for (let at = 0; at < 7; at += 1) queue.push('a', claim('a'), 0);
    expect(queue.ahead(claim('a'))).toEqual({ calls: 7, cost: 700 });
  });

  test('one round, for a tenant that has nothing in the queue', () => {
    const { queue } = queueOf();
    for (let at = 0; at < 100; at += 1) queue.push('a', claim('a'), 0);
    expect(queue.ahead(claim('b'))).toEqual({ calls: 1, cost: 100 });
    expect(queue.ahead(claim('b', { weight: 0.1 }))).toEqual({ calls: 10, cost: 1000 });
  });

  test('everybody, for background work; nothing of it, for people', () => {
    const { queue } = queueOf();
    for (let at = 0; at < 5; at += 1) queue.push('day', claim('a'), 0);
    for (let at = 0; at < 5; at += 1) queue.push('night', claim('a', { lane: 'background' }), 0);
    expect(queue.ahead(claim('a', { lane: 'background' }))).toEqual({ calls: 10, cost: 1000 });
    expect(queue.ahead(claim('a'))).toEqual({ calls: 5, cost: 500 });
  });

  test('tells for how long a tenant has had somebody waiting', () => {
    const { queue } = queueOf();
    queue.push('a1', claim('a'), 100);
    queue.push('a2', claim('a'), 200);
    expect([queue.waitingFor(claim('a'), 300), queue.waitingFor(claim('b'), 300)]).toEqual([200, 0]);
    drain(queue, 2);
    expect(queue.waitingFor(claim('a'), 400)).toBe(0);
  });
});

interface Waiting {
  readonly tenant: string;
  readonly workload: string;
  readonly lane: Claim['lane'];
  readonly deadlineAt: number;
  readonly cost: number;
  readonly bytes: number;
}

type Doing =
  | { readonly do: 'push'; readonly who: Waiting }
  | { readonly do: 'take'; readonly moreMs: number }
  | { readonly do: 'remove'; readonly at: number }
  | { readonly do: 'correct'; readonly cost: number };

const waiting: fc.Arbitrary<Waiting> = fc.record({
  tenant: fc.constantFrom('a', 'b', 'c', 'd'),
  workload: fc.constantFrom('x', 'y'),
  lane: fc.constantFrom('interactive' as const, 'background' as const),
  deadlineAt: fc.integer({ min: 1, max: 1000 }),
  cost: fc.integer({ min: 0, max: 1000 }),
  bytes: fc.integer({ min: 0, max: 5000 }),
});
const step: fc.Arbitrary<Doing> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('push' as const), who: waiting }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('take' as const), moreMs: fc.integer({ min: 0, max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('correct' as const), cost: fc.integer({ min: 0, max: 5000 }) }) },
);

const TIGHT: QueueBounds = { calls: 12, callsPerTenant: 8, bytes: 40_000 };

/** The queue beside a plain list of who is in it; what they disagree about is noted. */
class Witness {
  readonly breaches: string[] = [];
  readonly #inside = new Map<Waiting, Ticket<Waiting>>();
  readonly #queue = new FairQueue<Waiting>(TIGHT, (who) => this.#leave(who));
  #taken: Ticket<Waiting> | null = null;
  #now = 0;

  see(doing: Doing): void {
    switch (doing.do) {
      case 'push': {
        const ticket = this.#queue.push(doing.who, { ...doing.who, weight: 1 }, this.#now);
        if (ticket !== null) this.#inside.set(doing.who, ticket);
        break;
      }
      case 'take':
        this.#now += doing.moreMs;
        this.#take(this.#queue.first(this.#now));
        break;
      case 'remove': {
        const who = [...this.#inside.keys()][doing.at % Math.max(1, this.#inside.size)];
        if (who === undefined) break;
        this.#check(this.#queue.remove(this.#inside.get(who) as Ticket<Waiting>), 'one that waits could not leave');
        this.#leave(who);
        break;
      }
      case 'correct':
        if (this.#taken !== null) this.#queue.correct(this.#taken, doing.cost);
    }
    this.#count();
  }

  #take(ticket: Ticket<Waiting> | null): void {
    if (ticket === null) return this.#check(this.#inside.size === 0, 'nobody has a turn though somebody waits');
    const { item } = ticket;
    this.#check(item.deadlineAt > this.#now, 'a turn came too late');
    const before = [...this.#inside.keys()].some(
      ({ tenant, workload, lane, deadlineAt }) =>
        tenant === item.tenant && workload === item.workload && lane === item.lane && deadlineAt < item.deadlineAt,
    );
    this.#check(!before, 'an earlier deadline of the same flow was passed over');
    this.#queue.take(ticket);
    this.#taken = ticket;
    this.#leave(item);
  }

  #leave(who: Waiting): void {
    this.#check(this.#inside.delete(who), 'one left that was not in');
  }

  #count(): void {
    const all = [...this.#inside.keys()];
    const sum = (each: 'cost' | 'bytes'): number => all.reduce((total, who) => total + who[each], 0);
    this.#check(this.#queue.length === all.length, 'the queue counts calls wrongly');
    this.#check(this.#queue.cost === sum('cost'), 'the queue counts cost wrongly');
    this.#check(all.length <= TIGHT.calls && sum('bytes') <= TIGHT.bytes, 'the queue is larger than it may be');
  }

  #check(holds: boolean, breach: string): void {
    if (!holds) this.breaches.push(breach);
  }
}

describe('whatever happens', () => {
  test('every call that came in is in the queue, taken, removed or lost, once; and no bound is passed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const witness = new Witness();
        // Each is a call of its own, though fast-check may use one value twice.
        for (const each of steps) witness.see(each.do === 'push' ? { do: 'push', who: { ...each.who } } : each);
        expect(witness.breaches).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('tenants who always wait have been served alike, by weight, to within their largest calls', () => {
    const tenant = fc.record({
      weight: fc.constantFrom(1, 2, 5),
      costs: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 60, maxLength: 60 }),
    });
    fc.assert(
      fc.property(fc.array(tenant, { minLength: 2, maxLength: 6 }), fc.integer({ min: 1, max: 60 }), (all, turns) => {
        const queue = new FairQueue<number>(ROOMY, () => undefined);
        for (const [at, { weight, costs }] of all.entries()) {
          for (const cost of costs) queue.push(at, claim(`t${at}`, { weight, cost }), 0);
        }
        const served = all.map(() => 0);
        for (let turn = 0; turn < turns; turn += 1) {
          const ticket = queue.first(0) as Ticket<number>;
          queue.take(ticket);
          const { weight } = all[ticket.item] as (typeof all)[number];
          served[ticket.item] = (served[ticket.item] as number) + ticket.cost / weight;
        }
        const slack = all.map(({ weight, costs }) => Math.max(...costs) / weight);
        for (const [a, one] of served.entries()) {
          for (const [b, other] of served.entries()) {
            expect(one - other).toBeLessThanOrEqual((slack[a] as number) + (slack[b] as number) + 1e-6);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

test('a step costs microseconds with ten thousand waiting', () => {
  const { queue } = queueOf({ calls: 10_000 });
  for (let at = 0; at < 10_000; at += 1) queue.push('x', claim(`t${at % 5000}`, { deadlineAt: 1e6 + at }), 0);
  const before = performance.now();
  const STEPS = 20_000;
  for (let at = 0; at < STEPS; at += 1) {
    queue.take(queue.first(0) as Ticket<string>);
    queue.push('y', claim(`t${at % 5000}`), 0);
  }
  expect(queue.length).toBe(10_000);
  // A search through the queue would take a hundred times as long.
  expect(((performance.now() - before) / STEPS) * 1000).toBeLessThan(50);
});

test('who waits is told, tenant by tenant, with how long some of them have', () => {
  const { queue } = queueOf();
  const tickets = [
    queue.push('a1', claim('a'), 10),
    queue.push('a2', claim('a'), 20),
    queue.push('b1', claim('b', { lane: 'background' }), 30),
    queue.push('a3', claim('a', { lane: 'background' }), 40),
  ];
  const told = (): unknown[] => {
    const lines: unknown[] = [];
    queue.tellWaiting((...line) => lines.push(line));
    return lines;
  };
  expect(told()).toEqual([
    ['a', 'interactive', 2, 10],
    ['b', 'background', 1, 30],
    ['a', 'background', 1, 40],
  ]);
  for (const ticket of tickets.slice(0, 3)) if (ticket !== null) queue.remove(ticket);
  expect(told()).toEqual([['a', 'background', 1, 40]]);
});
