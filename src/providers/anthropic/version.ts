/**
 * The version of the wire that is spoken. A later one (2026-10-21) refuses every temperature, also of models that take one;
 * this one is served for all.
 */
export const VERSION = '2023-06-01';
