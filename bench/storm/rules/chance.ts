/** Natural logarithm of n!, exact to twelve digits (Stirling's series beyond a table). */
function logFactorial(n: number): number {
  if (n < 32) {
    let sum = 0;
    for (let i = 2; i <= n; i += 1) sum += Math.log(i);
    return sum;
  }
  return n * Math.log(n) - n + Math.log(2 * Math.PI * n) / 2 + 1 / (12 * n) - 1 / (360 * n ** 3);
}

/** The chance of at least `least` failures among `n` outcomes of which each fails with chance `p`. */
export function binomialTail(n: number, least: number, p: number): number {
  if (least <= 0) return 1;
  if (least > n || p <= 0) return 0;
  if (p >= 1) return 1;
  let sum = 0;
  for (let k = least; k <= n; k += 1) {
    const term = Math.exp(
      logFactorial(n) - logFactorial(k) - logFactorial(n - k) + k * Math.log(p) + (n - k) * Math.log1p(-p),
    );
    sum += term;
    // Beyond the middle the terms only fall.
    if (k > n * p && term < sum * 1e-12) break;
  }
  return Math.min(1, sum);
}

function poisson(mean: number, n: number): number {
  return Math.exp(n * Math.log(mean) - mean - logFactorial(n));
}

/** Slices that a window of time moves by, as most libraries keep it. */
const SLICES = 10;

/**
 * The chance that, at one outcome of many that arrive at random, a window of time holds at least `least` outcomes of which
 * at least a share has failed. The newest slice of the window is as full as chance has it.
 *
 * @param exceeding more than the share, not just as much
 */
export function windowHolds(
  rate: number,
  p: number,
  {
    share,
    least,
    windowMs,
    exceeding = false,
  }: { share: number; least: number; windowMs: number; exceeding?: boolean },
): number {
  let chance = 0;
  for (let slice = 0; slice < SLICES; slice += 1) {
    const seconds = ((SLICES - 1 + (slice + 0.5) / SLICES) / SLICES) * (windowMs / 1000);
    const mean = rate * seconds;
    const reach = 12 * Math.sqrt(mean) + 60;
    // This outcome itself is in the window, and the others came at random.
    for (let others = Math.max(0, least - 1, Math.floor(mean - reach)); others <= mean + reach; others += 1) {
      const n = others + 1;
      const failures = exceeding ? Math.floor(share * n) + 1 : Math.ceil(share * n - 1e-9);
      chance += poisson(mean, others) * binomialTail(n, failures, p);
    }
    // Where nearly none get that far, the first of those that do are the most.
    if (least - 1 > mean + reach) chance += 2 * poisson(mean, least - 1);
  }
  return Math.min(1, chance / SLICES);
}
