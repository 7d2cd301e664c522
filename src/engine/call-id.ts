/**
 * Makes ids of calls: unique across processes (a time and 40 random bits), in order of arrival within one, and cheap,
 * because every call has one.
 *
 * @param wall wall time at the process's start, ms since 1970.
 */
export function callIds(wall: number): () => string {
  const chance = crypto.getRandomValues(new Uint8Array(5));
  const process = wall.toString(36) + Array.from(chance, (byte) => byte.toString(16).padStart(2, '0')).join('');
  let count = 0;
  return () => `hf-${process}-${(count += 1).toString(36)}`;
}
