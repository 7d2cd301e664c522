import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Sketch } from './sketch.ts';

const QUANTILES = [0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1];

function sketchOf(values: readonly number[]): Sketch {
  const sketch = new Sketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

function throughBytes(...sketches: readonly Sketch[]): Sketch {
  const whole = new Sketch();
  for (const sketch of sketches) whole.addBytes(sketch.toBytes());
  return whole;
}

const latencies = fc.array(
  fc.oneof(fc.double({ min: 1, max: 1e9, noNaN: true }), fc.integer({ min: 1, max: 6e8 }), fc.constant(0)),
  { minLength: 1, maxLength: 400 },
);

test('every quantile is within one per cent, whatever the distribution', () => {
  fc.assert(
    fc.property(latencies, (values) => {
      const sketch = sketchOf(values);
      const sorted = values.toSorted((one, other) => one - other);
      for (const q of QUANTILES) {
        const told = sketch.quantile(q) ?? NaN;
        const rank = q * (sorted.length - 1);
        const [below = 0, above = 0] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]];
        expect(told).toBeGreaterThanOrEqual(below * 0.99 - 1e-6);
        expect(told).toBeLessThanOrEqual(above * 1.01 + 1e-6);
      }
    }),
  );
});

test('parts added up are the sketch of the whole, in any order', () => {
  fc.assert(
    fc.property(latencies, latencies, latencies, (one, two, three) => {
      const whole = sketchOf([...one, ...two, ...three]);
      const merged = throughBytes(sketchOf(three), throughBytes(sketchOf(one), sketchOf(two)));
      expect(merged.count).toBe(whole.count);
      expect(merged.toBytes()).toEqual(whole.toBytes());
      const direct = sketchOf(two);
      direct.merge(sketchOf(three));
      direct.merge(sketchOf(one));
      expect(direct.toBytes()).toEqual(whole.toBytes());
      for (const q of QUANTILES) expect(merged.quantile(q)).toBe(whole.quantile(q));
      const [left, right] = [sketchOf([...one, ...three]).toBytes(), sketchOf(two).toBytes()];
      if (left === null || right === null) throw new Error('a sketch of values has bytes');
      expect(Sketch.sumOfBytes(left, right)).toEqual(whole.toBytes());
    }),
  );
});

test('counts beyond 32 bits keep to the digit', () => {
  let sketch = sketchOf([1000]);
  for (let doubling = 0; doubling < 40; doubling += 1) sketch = throughBytes(sketch, sketch);
  expect(sketch.count).toBe(2 ** 40);
  expect(throughBytes(sketch).count).toBe(2 ** 40);
});

describe('its size', () => {
  it('is some hundred bytes for a day of calls', () => {
    const sketch = new Sketch();
    let seed = 1;
    for (let call = 0; call < 100_000; call += 1) {
      seed = (seed * 48_271) % 2_147_483_647;
      // A middle of 800 ms, and a tail of a minute.
      sketch.add(800_000 * Math.exp(4 * (seed / 2_147_483_647 - 0.5)));
    }
    expect(sketch.toBytes()?.length).toBeLessThan(800);
  });

  it('is nothing when it is empty', () => {
    expect(new Sketch().toBytes()).toBeNull();
    expect(new Sketch().quantile(0.5)).toBeNull();
    expect(throughBytes(new Sketch()).count).toBe(0);
  });
});

it('counts what is too large for the last bucket in the last bucket', () => {
  const sketch = sketchOf([1e300]);
  expect(sketch.quantile(0.5)).toBeGreaterThan(9e10);
  expect(throughBytes(sketch).count).toBe(1);
});

it.each([
  ['another form', [9, 0]],
  ['bytes that end too early', [1, 200]],
  ['a bucket beyond the last', [1, 0, 255, 255, 127, 1]],
])('refuses %s', (_, bytes) => {
  expect(() => new Sketch().addBytes(Uint8Array.from(bytes))).toThrow(/no sketch/);
});
