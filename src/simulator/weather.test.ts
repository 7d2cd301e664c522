import { describe, expect, test } from 'vitest';
import { CALM, conditionsAt, faultFor, parseWeather, readWeather } from './weather.ts';

const BROWN_OUT = `
name: brown-out
seed: 7
timeline:
  - at: 60s
    for: 10s
    capacity: 0.2
  - at: 2m
    for: 5m
    faults: { server-error: 0.25, "cut:17": 0.05 }
  - at: 600
    for: 1m
    latency: 10
  - at: 650s
    latency: 2
    capacity: 0.5
`;

describe('reading a weather file', () => {
  test('takes durations with units and as seconds, and fills in what is usual', () => {
    const weather = parseWeather(BROWN_OUT);
    expect(weather).toMatchObject({ name: 'brown-out', seed: 7, workers: 32, queue: 128, serviceMs: null });
    expect(weather.timeline[0]).toEqual({ atMs: 60_000, forMs: 10_000, capacity: 0.2, latency: 1, faults: {} });
    expect(weather.timeline[2]).toMatchObject({ atMs: 600_000, forMs: 60_000 });
    expect(weather.timeline[3]?.forMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('needs no workers where the timeline takes none away', () => {
    expect(readWeather({ timeline: [{ at: '250ms', latency: 3 }] }).workers).toBeNull();
  });

  test.each([
    ['timeline:\n - at: 10q', 'timeline[0].at: "10q" is no duration; write 10s, 5m, 250ms, or a number of seconds'],
    ['timeline:\n - at: -3', 'timeline[0].at: "-3" is no duration'],
    ['timeline:\n - { at: 1, capacity: 2 }', 'timeline[0].capacity: is a fraction: 1 at most'],
    [
      'timeline:\n - { at: 1, fauls: {} }',
      'timeline[0]: "fauls" means nothing here; what can stand here: at, for, capacity',
    ],
    ['timelin: []', 'the file: "timelin" means nothing here'],
    ['timeline:\n - { at: 1, faults: { server-eror: 0.1 } }', 'did you mean "server-error"?'],
    ['timeline:\n - { at: 1, faults: { hang: 0.7, cut: 0.7 } }', 'come to 1.4 together'],
    ['timeline:\n - { at: 1, faults: { hang: 3 } }', 'timeline[0].faults.hang: is a share: 1 at most'],
    ['a: [', 'the weather is no YAML'],
  ])('%j is refused, and the error says why', (yaml, expected) => {
    expect(() => parseWeather(yaml)).toThrow(expected);
  });
});

describe('conditions', () => {
  const weather = parseWeather(BROWN_OUT);
  test.each([
    [0, CALM],
    [59_999, CALM],
    [60_000, { capacity: 0.2, latency: 1, faults: {}, spells: [0] }],
    [69_999, { capacity: 0.2, latency: 1, faults: {}, spells: [0] }],
    [70_000, CALM],
    [200_000, { capacity: 1, latency: 1, faults: { 'server-error': 0.25, 'cut:17': 0.05 }, spells: [1] }],
    [600_000, { capacity: 1, latency: 10, faults: {}, spells: [2] }],
    [655_000, { capacity: 0.5, latency: 20, faults: {}, spells: [2, 3] }],
    [1e12, { capacity: 0.5, latency: 2, faults: {}, spells: [3] }],
  ])('after %d ms', (ms, expected) => {
    expect(conditionsAt(weather, ms)).toEqual(expected);
  });

  test('shares of overlapping spells are summed, and shrunk when they pass the whole', () => {
    const storm = readWeather({
      timeline: [
        { at: 0, faults: { hang: 0.6, cut: 0.2 } },
        { at: 0, faults: { hang: 0.6, overloaded: 0.2 } },
      ],
    });
    const { faults } = conditionsAt(storm, 0);
    expect(faults['hang']).toBeCloseTo(0.75);
    expect(faults['cut']).toBeCloseTo(0.125);
    expect(faults['overloaded']).toBeCloseTo(0.125);
  });

  test.each([
    [0, 'server-error'],
    [0.2499, 'server-error'],
    [0.25, 'cut:17'],
    [0.31, null],
  ])('a roll of %d gives %s', (roll, expected) => {
    expect(faultFor(conditionsAt(weather, 200_000), roll)).toBe(expected);
  });
});
