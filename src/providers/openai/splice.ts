import { findMembers, skipSpace } from './json-bytes.ts';

const MODEL: ReadonlySet<'model'> = new Set(['model']);
const OPENING = Buffer.from('{"model":');
const COMMA = Buffer.from(',');

/**
 * Puts another model's name into a request body and leaves every other byte as it is: parsing and writing the body again
 * would cost ten times as much, and change numbers that JavaScript cannot hold.
 *
 * @param body one JSON object.
 */
export function withModel(body: Uint8Array, model: string): Uint8Array {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const name = Buffer.from(JSON.stringify(model));
  const value = findMembers(bytes, MODEL)?.get('model');
  if (value !== undefined) return Buffer.concat([bytes.subarray(0, value.start), name, bytes.subarray(value.end)]);
  const rest = skipSpace(bytes, bytes.indexOf('{') + 1);
  const empty = bytes[rest] === 0x7d;
  return Buffer.concat([OPENING, name, ...(empty ? [] : [COMMA]), bytes.subarray(rest)]);
}
