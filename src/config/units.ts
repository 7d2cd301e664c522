const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  tb: 1_000_000_000_000,
  kib: 1_024,
  mib: 1_048_576,
  gib: 1_073_741_824,
  tib: 1_099_511_627_776,
};

// The JSON Schema for editors takes these over without flags, so they must need none.
export const DURATION_PATTERN: RegExp = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/;
export const SIZE_PATTERN: RegExp = /^(\d+(?:\.\d+)?) ?([KMGTkmgt][Ii]?[Bb]|[Bb])$/;

/** `5s`, `1.5m`, or a number of milliseconds, as milliseconds; null for anything else. */
export function parseDuration(written: string | number): number | null {
  return parse(written, DURATION_PATTERN, MILLISECONDS);
}

/** `64KiB`, `10MB`, or a number of bytes, as bytes; null for anything else. */
export function parseSize(written: string | number): number | null {
  const bytes = parse(written, SIZE_PATTERN, BYTES);
  return bytes === null ? null : Math.floor(bytes);
}

/** Milliseconds in the largest unit that writes them exactly: 90000 is `90s`, 120000 is `2m`. */
export function formatDuration(ms: number): string {
  return format(ms, ['d', 'h', 'm', 's'], MILLISECONDS, 'ms');
}

/** Bytes in the largest unit that writes them exactly. */
export function formatSize(bytes: number): string {
  return format(bytes, ['TiB', 'GiB', 'MiB', 'KiB', 'TB', 'GB', 'MB', 'KB'], BYTES, 'B');
}

function parse(written: string | number, pattern: RegExp, units: Readonly<Record<string, number>>): number | null {
  if (typeof written === 'number') return Number.isFinite(written) ? written : null;
  const match = pattern.exec(written);
  const factor = units[match?.[2]?.toLowerCase() ?? ''];
  return match === null || factor === undefined ? null : Number(match[1]) * factor;
}

function format(
  amount: number,
  names: readonly string[],
  units: Readonly<Record<string, number>>,
  smallest: string,
): string {
  for (const name of names) {
    const factor = units[name.toLowerCase()];
    if (factor !== undefined && amount >= factor && amount % factor === 0) return `${amount / factor}${name}`;
  }
  return `${amount}${smallest}`;
}
