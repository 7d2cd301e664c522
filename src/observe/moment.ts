const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * A length of time as people write it: `250ms`, `1.5s`, `15m`, `2h`, `7d`, `1w`.
 * @returns milliseconds; null when the text is none.
 */
export function parseDuration(text: string): number | null {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$/.exec(text.trim()) ?? [];
  return number === undefined || unit === undefined ? null : Number(number) * (UNIT_MS[unit] ?? Number.NaN);
}

/**
 * A moment as people write it: a duration means that long before `now`, a date without a zone means local time, as
 * everything else people read here.
 * @returns milliseconds since 1970; null when the text is none.
 */
export function parseMoment(text: string, now: number): number | null {
  const ago = parseDuration(text);
  // Longer ago than there have been computers is as good as then, and can be written as a date.
  if (ago !== null) return Math.max(0, now - ago);
  const [written, year, month, day, time] = MOMENT.exec(text.trim()) ?? [];
  if (written === undefined) return null;
  // The parser takes the 31st of February for the 3rd of March.
  if (new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() !== Number(day)) return null;
  // A bare date would be read as UTC, one with a time as local.
  const at = Date.parse(time === undefined ? `${written}T00:00` : written);
  return Number.isNaN(at) ? null : at;
}

const MOMENT = /^(\d{4})-(\d{2})-(\d{2})([T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;
