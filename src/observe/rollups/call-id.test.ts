import { expect, test } from 'vitest';
import { firstPlaceOf, placeOf, placesOf } from './call-id.ts';

const SEQS = [0, 1, 8_191, 65_535, 65_536, 9_999_999, 3_000_000_000];

test('an id is where it is looked for, whatever the number of its call', () => {
  for (const seq of SEQS) {
    expect([...placesOf('req_1', 0, seq + 500_000)]).toContain(placeOf('req_1', seq));
    expect([...placesOf('req_1', seq, seq)]).toEqual([placeOf('req_1', seq)]);
    expect([...placesOf('req_2', seq, seq)]).not.toEqual([placeOf('req_1', seq)]);
  }
});

test('newer calls stand behind older ones, so that the oldest go together', () => {
  const places = SEQS.map((seq) => placeOf('req_1', seq));
  expect(places).toEqual(places.toSorted((one, other) => one - other));
  for (const [index, seq] of SEQS.entries()) {
    expect(firstPlaceOf(seq)).toBeLessThanOrEqual(places[index] ?? NaN);
    expect(places.filter((place) => place < firstPlaceOf(seq)).length).toBeLessThanOrEqual(index);
  }
});

test('ten million calls are asked for by few reads', () => {
  expect([...placesOf('req_1', 1, 10_000_000)].length).toBeLessThan(160);
});
