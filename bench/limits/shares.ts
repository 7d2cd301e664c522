/** What somebody asks for: so much, from a moment on. */
export interface Ask {
  readonly at: number;
  readonly who: number;
  readonly amount: number;
  /** Is not wanted any more after so long. */
  readonly patienceMs: number;
}

/** What one would do who shares out evenly, at every moment, what there is. */
export interface FairWorld {
  /** What each has been given in all. */
  readonly given: readonly number[];
  /** Until each ask was met, ms, in the order of the asks; infinite where it was not. */
  readonly delaysMs: readonly number[];
}

interface Thirst {
  readonly ask: Ask;
  readonly index: number;
  left: number;
}

const STEP_MS = 100;

/** Max-min fair sharing as a fluid, with everybody's backlog. Weights are equal. @param asks in order of time */
export function fairWorld(asks: readonly Ask[], people: number, perMs: number, forMs: number): FairWorld {
  const given = Array.from({ length: people }, () => 0);
  const delaysMs = asks.map(() => Number.POSITIVE_INFINITY);
  const backlogs: Thirst[][] = Array.from({ length: people }, () => []);
  let next = 0;
  for (let now = 0; now < forMs; now += STEP_MS) {
    for (let ask = asks[next]; ask !== undefined && ask.at < now + STEP_MS; ask = asks[next]) {
      backlogs[ask.who]?.push({ ask, index: next, left: ask.amount });
      next += 1;
    }
    for (const backlog of backlogs) {
      while (backlog[0] !== undefined && backlog[0].ask.at + backlog[0].ask.patienceMs < now) backlog.shift();
    }
    let left = perMs * STEP_MS;
    let thirsty = backlogs.flatMap((backlog, who) => (backlog.length > 0 ? [who] : []));
    while (left > 1e-9 && thirsty.length > 0) {
      const each = left / thirsty.length;
      for (const who of thirsty) {
        const drunk = drink(backlogs[who] ?? [], each, (met) => (delaysMs[met.index] = now - met.ask.at));
        given[who] = (given[who] ?? 0) + drunk;
        left -= drunk;
      }
      thirsty = thirsty.filter((who) => (backlogs[who]?.length ?? 0) > 0);
    }
  }
  return { given, delaysMs };
}

function drink(backlog: Thirst[], most: number, met: (thirst: Thirst) => void): number {
  let left = most;
  for (let first = backlog[0]; first !== undefined && left > 0; first = backlog[0]) {
    const amount = Math.min(first.left, left);
    first.left -= amount;
    left -= amount;
    if (first.left > 1e-9) continue;
    met(first);
    backlog.shift();
  }
  return most - left;
}

/** Jain's index of how even the parts are: 1 when all are alike, 1/n when one has it all. */
export function jain(parts: readonly number[]): number {
  const sum = parts.reduce((total, part) => total + part, 0);
  const squares = parts.reduce((total, part) => total + part * part, 0);
  return sum ** 2 / (parts.length * squares);
}
