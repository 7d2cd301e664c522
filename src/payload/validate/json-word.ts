/** A conversation is not searched deeper than its messages' parts go. */
const DEEPEST_PART = 6;

/** Whether the word JSON stands anywhere in the text of a conversation, as the mode that promises JSON demands. */
export function saysJson(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') {
    return value.includes('JSON') || value.includes('json') || /json/i.test(value);
  }
  if (typeof value !== 'object' || value === null || depth > DEEPEST_PART) return false;
  for (const key in value) if (saysJson((value as Record<string, unknown>)[key], depth + 1)) return true;
  return false;
}
