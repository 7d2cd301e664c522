import { styleText } from 'node:util';

/** The few inks of the commands; what they mean must also be readable without them. */
export type Ink = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Colours a text, or leaves it as it is where colour is not wanted. */
export type Paint = (ink: Ink, text: string) => string;

/** Where a command writes to. */
export interface Terminal {
  /** What was asked for, to stdout. */
  write(text: string): void;
  /** What is said beside it, to stderr. */
  note(text: string): void;
  /** Columns; infinite when the output is not a screen and must not be cut. */
  readonly width: number;
  readonly paint: Paint;
}

/**
 * The process's own terminal. Colour only on a screen and without `NO_COLOR`; `FORCE_COLOR` asks for it elsewhere;
 * `COLUMNS` tells the width where there is no screen.
 */
export function processTerminal(env: NodeJS.ProcessEnv = process.env): Terminal {
  const { stdout, stderr } = process;
  return {
    write: (text) => void stdout.write(text),
    note: (text) => void stderr.write(text),
    width: stdout.columns ?? (Number(env['COLUMNS']) || Number.POSITIVE_INFINITY),
    paint: painter(wantsColour(env, stdout.isTTY)),
  };
}

/** Whether to colour, https://no-color.org: `NO_COLOR` set to anything wins over all. */
export function wantsColour(env: NodeJS.ProcessEnv, isScreen: boolean): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR']) return env['FORCE_COLOR'] !== '0';
  return isScreen && env['TERM'] !== 'dumb';
}

/** A {@link Paint} that colours or does not. */
export function painter(colour: boolean): Paint {
  return colour ? (ink, text) => styleText(ink, text, { validateStream: false }) : (_ink, text) => text;
}

/**
 * Text from outside (a model's name, a provider's message) without control characters: they could move the cursor, recolour
 * or retitle the terminal.
 */
export function plain(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}

/** Cuts a text to `width` columns, marking the cut. */
export function clip(text: string, width: number): string {
  if (text.length <= width) return text;
  return width < 1 ? '' : `${text.slice(0, width - 1)}…`;
}

/** A length of time for people: `0.2 ms`, `812 ms`, `1.23 s`, `2m 03s`. */
export function showDuration(ms: number): string {
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, '0')}s`;
}

/** A moment in the reader's own time zone: `2026-03-09 14:03:22.123`; `precise` shows the milliseconds. */
export function showMoment(at: number, precise = false): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return precise ? `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}` : `${day} ${time}`;
}
