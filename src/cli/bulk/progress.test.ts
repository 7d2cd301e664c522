import { expect, test } from 'vitest';
import { progressLine } from './progress.ts';

test.each([
  [
    'at the start nothing is promised',
    { answered: 0, failed: 0, faults: new Map(), cost: 0, unpriced: 0 },
    0,
    '[                    ] 0/200 0%  0.0/s',
  ],
  [
    'half way, with the time that is left and what it has cost',
    { answered: 100, failed: 0, faults: new Map(), cost: 12_345, unpriced: 0 },
    20,
    '[==========          ] 100/200 50%  20.0/s, 5.00 s left  $0.0123',
  ],
  [
    'failures by kind, the most frequent first, and what has no price',
    {
      answered: 150,
      failed: 50,
      faults: new Map([
        ['network', 20],
        ['overloaded', 30],
      ]),
      cost: 2e6,
      unpriced: 50,
    },
    10,
    '[====================] 200/200 100%  10.0/s, 0 ms left  failed: 30 overloaded, 20 network  $2.00 and 50 of unknown price',
  ],
] as const)('%s', (_, done, rate, line) => {
  expect(progressLine(done, 200, rate)).toBe(line);
});
