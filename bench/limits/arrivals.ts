import type { Random } from '../../src/engine/clock.ts';

/** Draws the time until the next call, ms. */
export type Gap = (random: Random) => number;

/** Calls that know nothing of one another. */
export function poisson(perSecond: number): Gap {
  return (random) => (-Math.log(1 - random()) * 1000) / perSecond;
}

/**
 * Calls in bursts: gaps of a gamma distribution with this coefficient of variation, above 1. Fits of production traffic
 * find gamma and Weibull gaps.
 */
export function bursty(perSecond: number, variation: number): Gap {
  const shape = 1 / variation ** 2;
  const scaleMs = 1000 / perSecond / shape;
  return (random) => gamma(shape, random) * scaleMs;
}

/** Marsaglia and Tsang (2000), with their step for shapes below 1. */
function gamma(shape: number, random: Random): number {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const v = (1 + c * normal) ** 3;
    if (v > 0 && Math.log(1 - random()) < normal ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}
