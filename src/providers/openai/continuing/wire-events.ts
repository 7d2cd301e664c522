import { parseJson } from '../../../engine/parse-json.ts';
import { isObject } from '../request.ts';

/** The data of one server-sent event. */
export type Event = Readonly<Record<string, unknown>>;

/** An event of a chat as it is written. */
export function line(event: Event): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

/** The events of some whole ones; what is no JSON object says nothing. */
export function eventsIn(bytes: Uint8Array): Event[] {
  const events: Event[] = [];
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  for (const written of text.split('\n')) {
    if (!written.startsWith('data:')) continue;
    const value = read(written.slice(5));
    if (isObject(value)) events.push(value);
  }
  return events;
}

/** Whether a chat says that it is done. */
export function isDone(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return text.split('\n').some((written) => written.startsWith('data:') && written.slice(5).trim() === '[DONE]');
}

function read(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
