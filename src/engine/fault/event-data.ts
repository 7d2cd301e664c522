/** One event of a stream, taken out of its SSE lines. */
export interface EventText {
  /** The `event:` line's name; null when there was none. */
  readonly name: string | null;
  readonly data: string;
}

/** Reads one SSE event; text without any SSE line is taken as the data itself. */
export function eventData(text: string): EventText {
  if (!/^(?:event|data|id|retry)?:/m.test(text)) return { name: null, data: text };
  let name: string | null = null;
  const data: string[] = [];
  for (const line of text.split(/\r\n|\r|\n/)) {
    const [, field, value] = /^(event|data):\s?(.*)$/.exec(line) ?? [];
    if (field === 'event') name = value ?? null;
    else if (field === 'data') data.push(value ?? '');
  }
  // Text that merely begins like a field ("id: …") but has no data is data.
  return data.length === 0 && name === null ? { name, data: text } : { name, data: data.join('\n') };
}
