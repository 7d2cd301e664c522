/** The value below which a share `q` of the sample lies; NaN of an empty sample. */
export function quantile(sample: Iterable<number>, q: number): number {
  const sorted = Float64Array.from(sample).sort();
  return sorted[Math.floor((sorted.length - 1) * q)] ?? Number.NaN;
}

export function median(sample: Iterable<number>): number {
  return quantile(sample, 0.5);
}

/** What a quiet machine would show: disturbance only ever adds. */
export function lowerQuartile(sample: Iterable<number>): number {
  return quantile(sample, 0.25);
}
