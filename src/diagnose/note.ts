import { parseJson } from '../engine/parse-json.ts';
import type { Note } from './explain.ts';

/** What is wrong with a note, told so that its writer can mend it. */
export class NoteError extends Error {
  override readonly name = 'NoteError';
}

const FIELDS: ReadonlySet<string> = new Set(['provider', 'status', 'headers', 'body', 'stream']);

/**
 * Reads a note from one line of JSON: `{"provider", "status", "headers", "body", "stream"}`. Only status (or `stream: true`)
 * is required; a body given as an object instead of text is taken as that JSON. Other fields are left unread, so that lines
 * from a log fit as they are.
 *
 * @throws NoteError naming the field, its problem and the fix.
 */
export function readNote(line: string): Note {
  let parsed: unknown;
  try {
    parsed = parseJson(line);
  } catch (error) {
    throw new NoteError(
      `not JSON (${error instanceof Error ? error.message : 'unreadable'}); write one object per line`,
    );
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new NoteError('not an object; write {"status": 429, "headers": {}, "body": "..."}');
  }
  const fields = parsed as Record<string, unknown>;
  const stream = readStream(fields['stream']);
  const provider = readProvider(fields['provider']);
  return {
    ...(provider === undefined ? {} : { provider }),
    status: readStatus(fields['status'], stream, fields),
    headers: readHeaders(fields['headers']),
    body: readBody(fields['body']),
    stream,
  };
}

/**
 * Reads an HTTP status from a flag or a field.
 *
 * @throws NoteError unless it is a whole number from 100 to 999.
 */
export function statusOf(value: unknown): number {
  const status = typeof value === 'string' && /^\d+$/.test(value.trim()) ? Number(value) : value;
  if (typeof status === 'number' && Number.isInteger(status) && status >= 100 && status <= 999) return status;
  throw new NoteError(`status is ${shown(value)}; give the HTTP status as a number, such as 429`);
}

function readStatus(value: unknown, stream: boolean, fields: Readonly<Record<string, unknown>>): number {
  if (value !== undefined && value !== null) return statusOf(value);
  if (stream) return 200;
  const unknown = Object.keys(fields).filter((name) => !FIELDS.has(name));
  const found = unknown.length === 0 ? '' : ` (found ${unknown.slice(0, 5).map(shown).join(', ')})`;
  throw new NoteError(`status is missing${found}; give the HTTP status, or "stream": true for an event of a stream`);
}

function readStream(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  throw new NoteError(`stream is ${shown(value)}; give true or false`);
}

function readProvider(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new NoteError(`provider is ${shown(value)}; give its name as text, such as "openai"`);
}

function readHeaders(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new NoteError(`headers is ${shown(value)}; give an object of names and values`);
  }
  const headers: Record<string, string> = {};
  for (const [name, content] of Object.entries(value)) {
    const first: unknown = Array.isArray(content) ? content[0] : content;
    if (typeof first !== 'string' && typeof first !== 'number') {
      throw new NoteError(`headers[${shown(name)}] is ${shown(content)}; give its value as text`);
    }
    headers[name.toLowerCase()] = String(first);
  }
  return headers;
}

function readBody(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Short enough for an error line; never more of a value than its beginning. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
