// How figures are written for people: short, with the unit beside them, and never more exact than they are.

const COUNT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

export function count(value: number | null): string {
  if (value === null) return '–';
  return Math.abs(value) < 10_000 ? COUNT.format(value) : SHORT.format(value);
}

export function rate(value: number | null): string {
  if (value === null) return '–';
  if (value !== 0 && value < 0.01) return '< 0.01';
  if (value !== 0 && value < 10) return String(Number(value.toPrecision(2)));
  return count(value);
}

/** `0.2 ms`, `812 ms`, `1.23 s`, `2 m 03 s`. */
export function duration(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(seconds / 3_600)} h ${String(Math.floor((seconds % 3_600) / 60)).padStart(2, '0')} m`;
}

/** The length of a step: `a minute`, `15 min`, `6 h`, `a day`. */
export function step(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes === 1) return 'a minute';
  if (minutes === 60) return 'an hour';
  if (minutes === 1_440) return 'a day';
  if (minutes < 60) return `in ${minutes} min`;
  return minutes < 1_440 ? `in ${Number((minutes / 60).toFixed(1))} h` : `in ${Number((minutes / 1_440).toFixed(1))} d`;
}

/** A length of time beside an axis: `2 s`, `500 ms`, `5 m`. */
export function durationTick(ms: number | null): string {
  if (ms === null) return '';
  if (ms === 0) return '0';
  if (ms < 1_000) return `${Number(ms.toPrecision(3))} ms`;
  if (ms < 60_000) return `${Number((ms / 1_000).toPrecision(3))} s`;
  return `${Number((ms / 60_000).toPrecision(3))} m`;
}

/** A moment beside an axis, of a stretch of time of this length: `14:05`, or `03-09`. */
export function momentTick(at: number, stretchMs: number): string {
  const date = new Date(at);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const ofDay = `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  if (stretchMs <= 86_400_000 * 1.5) return time;
  return time === '00:00' ? ofDay : stretchMs <= 86_400_000 * 4 ? time : ofDay;
}

/** `$0`, `$0.0004`, `$1.23`, `$12.3K`. */
export function money(dollars: number | null): string {
  if (dollars === null) return '–';
  if (dollars === 0) return '$0';
  const size = Math.abs(dollars);
  if (size < 0.0001) return '< $0.0001';
  if (size < 0.1) return `$${Number(dollars.toPrecision(2))}`;
  if (size < 1_000) return `$${dollars.toFixed(2)}`;
  return `$${SHORT.format(dollars)}`;
}

/** A share of one, in per cent. */
export function percent(share: number | null): string {
  if (share === null) return '–';
  const value = share * 100;
  if (value === 0 || value === 100) return `${value} %`;
  if (value < 0.1) return '< 0.1 %';
  if (value > 99.9) return '> 99.9 %';
  return `${value < 10 || value > 90 ? Number(value.toFixed(1)) : Math.round(value)} %`;
}

/** Few are counted, many are a share: 3 of 20 says more than 15 %. */
export function shareOf(part: number, whole: number): string {
  if (whole === 0) return '–';
  return whole < 50 ? `${part}/${whole}` : percent(part / whole);
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `14:03:22`, in the reader's own time; of another day with the day before it. */
export function clock(at: number | null, now: number = Date.now()): string {
  if (at === null) return '–';
  const date = new Date(at);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return new Date(now).toDateString() === date.toDateString() ? time : `${day(at)} ${time}`;
}

/** `2026-03-09`. */
export function day(at: number | null): string {
  if (at === null) return '–';
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** `2026-03-09 14:03:22`. */
export function exact(at: number | null): string {
  if (at === null) return '–';
  const date = new Date(at);
  return `${day(at)} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `12 s ago`, `3 min ago`, `2 d ago`. */
export function ago(at: number | null, now: number = Date.now()): string {
  if (at === null) return 'never';
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 5) return 'just now';
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 36 * 3_600) return `${Math.round(seconds / 3_600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

/** One call, two calls. */
export function many(value: number, one: string, more = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : more}`;
}
