/**
 * Upper bounds of durations, in seconds: those of OpenTelemetry's conventions for generative AI (0.01 doubled up to 81.92),
 * carried on to the 600 s at which the official SDKs give up.
 */
export const DURATION_SECONDS: readonly number[] = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 120, 240, 300, 600,
];

/** Upper bounds of the line's own time, in seconds: a healthy one is in the tenths of a millisecond. */
export const OVERHEAD_SECONDS: readonly number[] = [
  0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5,
];
