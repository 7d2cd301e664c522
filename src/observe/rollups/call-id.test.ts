import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstPlaceOf, IdPlaces, placesOf } from './call-id.ts';

const SEQS = [0, 1, 8_191, 65_535, 65_536, 9_999_999, 3_000_000_000];

function pairsOf(...calls: readonly (readonly [id: string, seq: number])[]): (readonly [place: number, seq: number])[] {
  const ids = new IdPlaces();
  for (const [id, seq] of calls) ids.add(id, seq);
  expect(ids.count).toBe(calls.length);
  const flat = ids.inOrder();
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] ?? NaN, flat[2 * at + 1] ?? NaN]);
}

test('an id is where it is looked for, whatever the number of its call', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.integer({ min: 0, max: 2 ** 36 }))), (calls) => {
      const wanted = calls.map(([id, seq]) => [[...placesOf(id, seq, seq)].at(0), seq]);
      const stored = pairsOf(...calls);
      expect(stored.toSorted(byBoth)).toEqual(wanted.toSorted(byBoth));
      expect(stored).toEqual(stored.toSorted(([one], [other]) => one - other));
    }),
  );
  for (const seq of SEQS) {
    const places = [...placesOf('req_1', 0, seq + 500_000)];
    expect(places).toContain(pairsOf(['req_1', seq])[0]?.[0]);
    expect([...placesOf('req_2', 0, seq + 500_000)]).not.toContain(pairsOf(['req_1', seq])[0]?.[0]);
  }
});

test('newer calls stand behind older ones, so that the oldest go together', () => {
  const places = pairsOf(...SEQS.map((seq) => ['req_1', seq] as const));
  expect(places.map(([, seq]) => seq)).toEqual(SEQS);
  for (const seq of SEQS) {
    const gone = places.filter(([place]) => place < firstPlaceOf(seq));
    expect(gone.every(([, older]) => older < seq)).toBe(true);
    expect(places.find(([, one]) => one === seq)?.[0]).toBeGreaterThanOrEqual(firstPlaceOf(seq));
  }
});

test('ten million calls are asked for by few reads', () => {
  expect([...placesOf('req_1', 1, 10_000_000)].length).toBeLessThan(160);
});

function byBoth(
  [one = 0, left = 0]: readonly (number | undefined)[],
  [other = 0, right = 0]: readonly (number | undefined)[],
): number {
  return one - other || left - right;
}
