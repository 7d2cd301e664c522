import { describe, expect, test } from 'vitest';
import { judge, type Situation } from './verdict.ts';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 22, 8, 0, 30);
const STEPS = 60;
const at = Array.from({ length: STEPS }, (_, step) => NOW - 30_000 - (STEPS - 1 - step) * MINUTE);

/** A value for each minute; `last` of them differ. */
function steps(usual: number | null, last = 0, then: number | null = usual): (number | null)[] {
  return at.map((_, step) => (step >= STEPS - last ? then : usual));
}

function situation(changes: Partial<Situation>): Situation {
  return {
    now: NOW,
    at,
    calls: steps(100),
    answered: steps(100),
    faults: [],
    firstContentMs: steps(400),
    targets: [
      { id: 'openai', breaker: 'closed' },
      { id: 'azure', breaker: 'closed' },
    ],
    cells: [{ target: 'openai', model: 'gpt-4o', attempts: steps(100), errors: steps(0), faults: [] }],
    ...changes,
  };
}

/** openai fails `errors` of 100 attempts a minute for the last `last` minutes, and azure takes over what failed. */
function diverted(last: number, errors: number, changes: Partial<Situation> = {}): Situation {
  return situation({
    cells: [
      {
        target: 'openai',
        model: 'gpt-4o',
        attempts: steps(100),
        errors: steps(0, last, errors),
        faults: [{ kind: 'overloaded' }],
      },
      {
        target: 'azure',
        model: 'gpt-4o',
        attempts: steps(null, last, errors),
        errors: steps(null, last, 0),
        faults: [],
      },
    ],
    ...changes,
  });
}

describe('silence is unknown', () => {
  test('no call in the last hour', () => {
    const verdict = judge(situation({ calls: steps(null), answered: steps(null), cells: [] }));
    expect(verdict).toMatchObject({ tone: 'unknown', quiet: true, sentence: 'No calls in the last hour. Send one:' });
  });

  test('jobs alone are no calls, but what their attempts meet is known', () => {
    const none = { calls: steps(null), answered: steps(null), firstContentMs: steps(null) };
    const verdict = judge(diverted(10, 100, none));
    expect(verdict).toMatchObject({ tone: 'worn', quiet: false });
    expect(verdict.sentence).toBe('openai degraded 10 min; 100 % diverted');
    expect(verdict.detail).toContain('0 calls in the last hour.');
    expect(judge(situation(none)).sentence).toBe('No calls in the last hour, so nothing is known of now');
  });

  test('none for a while', () => {
    const quiet = situation({ calls: steps(100, 20, 0), answered: steps(100, 20, 0), cells: [] });
    expect(judge(quiet)).toMatchObject({ tone: 'unknown', quiet: false });
    expect(judge(quiet).sentence).toBe('No calls for 21 min, so nothing is known of now');
  });
});

test('all well says what that is drawn from', () => {
  expect(judge(situation({ answered: steps(99) }))).toEqual({
    tone: 'well',
    sentence: 'All well: 6,000 calls in the last hour, 99 % answered',
    detail: 'Half of the answers begin within 400 ms.',
    quiet: false,
  });
});

describe('a target that fails while another answers', () => {
  test.each([
    [
      'callers wait longer',
      diverted(12, 94, { firstContentMs: steps(400, 12, 1200) }),
      'openai degraded 12 min; 94 % diverted; callers: +0.8 s',
    ],
    ['callers notice nothing', diverted(12, 94), 'openai degraded 12 min; 94 % diverted; callers notice nothing'],
    [
      'it began over an hour ago',
      diverted(60, 50),
      'openai degraded over an hour; 50 % diverted; callers: answered all the same',
    ],
  ])('%s', (_, given, sentence) => {
    expect(judge(given)).toMatchObject({ tone: 'worn', sentence });
  });

  test('one model of it alone is named, and what the others answer counts for nothing', () => {
    const { cells } = diverted(12, 94);
    const well = { target: 'openai', model: 'gpt-4o-mini', attempts: steps(500), errors: steps(0), faults: [] };
    expect(judge(situation({ cells: [...cells, well] })).sentence).toBe(
      'openai gpt-4o degraded 12 min; 94 % diverted; callers notice nothing',
    );
  });

  test('the detail counts, and names the fault', () => {
    expect(judge(diverted(12, 94)).detail).toBe(
      'openai: 470 of 500 attempts failed in the last 5 minutes, mostly overloaded. 6,000 calls in the last hour, 100 % answered.',
    );
  });

  test('an open breaker is told although nothing is sent there any more', () => {
    const open = situation({
      targets: [
        { id: 'openai', breaker: 'open' },
        { id: 'azure', breaker: 'closed' },
      ],
      cells: [
        {
          target: 'openai',
          model: 'gpt-4o',
          attempts: steps(100, 8, null).with(52, 10),
          errors: steps(0, 8, null).with(52, 10),
          faults: [{ kind: 'unavailable' }],
        },
        { target: 'azure', model: 'gpt-4o-eu', attempts: steps(null, 8, 100), errors: steps(null, 8, 0), faults: [] },
      ],
    });
    expect(judge(open)).toMatchObject({
      tone: 'worn',
      sentence: 'openai out 8 min; 100 % diverted; callers notice nothing',
    });
  });
});

describe('callers that are failing', () => {
  const failing = { faults: [{ kind: 'overloaded', party: 'provider', calls: steps(0, 3, 20) }] };

  test('and nothing answers in its place', () => {
    const alone = situation({
      ...failing,
      cells: [
        {
          target: 'openai',
          model: 'gpt-4o',
          attempts: steps(100),
          errors: steps(0, 3, 20),
          faults: [{ kind: 'overloaded' }],
        },
      ],
    });
    expect(judge(alone)).toMatchObject({
      tone: 'harm',
      sentence: 'openai degraded 3 min; nothing answers in its place; callers: 12 % of calls fail',
    });
  });

  test('without a target to name', () => {
    const verdict = judge(situation(failing));
    expect(verdict).toMatchObject({
      tone: 'harm',
      sentence: 'Callers are failing: 12 % of calls fail, mostly overloaded',
    });
    expect(verdict.detail).toContain('60 of 500 calls failed in the last 5 minutes, mostly overloaded.');
  });
});

describe('what is no pattern', () => {
  test.each([
    ['two errors', diverted(1, 2)],
    ['three errors among very many attempts', diverted(1, 3)],
    [
      'an outage that is over',
      situation({
        cells: [{ target: 'openai', model: null, attempts: steps(100), errors: steps(0).fill(90, 20, 40), faults: [] }],
      }),
    ],
    [
      "the callers' own mistakes",
      situation({ faults: [{ kind: 'invalid-request', party: 'caller', calls: steps(30) }] }),
    ],
  ])('%s', (_, given) => {
    expect(judge(given).tone).toBe('well');
  });
});
