import { findMembers, skipSpace } from './json-bytes.ts';

const COMMA = Buffer.from(',');

/**
 * Puts another model's name into a request body and leaves every other byte as it is: parsing and writing the body again
 * would cost ten times as much, and change numbers that JavaScript cannot hold.
 *
 * @param body one JSON object.
 */
export function withModel(body: Uint8Array, model: string): Uint8Array {
  return withMember(body, 'model', model);
}

/** The same for any member, whether it is there or not. */
export function withMember(body: Uint8Array, name: string, value: unknown): Uint8Array {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const written = Buffer.from(JSON.stringify(value));
  const old = findMembers(bytes, new Set([name]))?.get(name);
  if (old !== undefined) return Buffer.concat([bytes.subarray(0, old.start), written, bytes.subarray(old.end)]);
  const rest = skipSpace(bytes, bytes.indexOf('{') + 1);
  const empty = bytes[rest] === 0x7d;
  const opening = Buffer.from(`{${JSON.stringify(name)}:`);
  return Buffer.concat([opening, written, ...(empty ? [] : [COMMA]), bytes.subarray(rest)]);
}
