import type { Part } from './parts.ts';

/** Parts that stand or go together: a call of tools with its results, reasoning with what it led to, or a part alone. */
export interface Block {
  /** Index of its first part, and one past that of its last. */
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
  /** Why it stays whatever happens; null where it may go. */
  readonly stays: 'guide' | 'task' | 'last' | 'state' | null;
}

/**
 * Divides a conversation into blocks, in order. What stays: instructions of the application, the first thing the user
 * asked, the last thing the user asked, the last block of all, and what hangs on things that only the provider knows.
 */
export function blocksOf(parts: readonly Part[]): Block[] {
  const reach = reaches(parts);
  const firstUser = parts.findIndex(({ role }) => role === 'user');
  const lastUser = parts.findLastIndex(({ role }) => role === 'user');
  const blocks: Block[] = [];
  let from = 0;
  let end = 0;
  let tokens = 0;
  let stays: Block['stays'] = null;
  // Plain loops: long conversations have tens of thousands of parts, and come back with every turn.
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index] as Part;
    end = Math.max(end, reach.last[index] as number);
    tokens += part.tokens;
    if (part.role === 'guide') stays = 'guide';
    else if (part.role === 'state' || reach.orphans.has(index)) stays ??= 'state';
    else if (index === firstUser) stays ??= 'task';
    else if (index === lastUser) stays ??= 'last';
    if (index < end) continue;
    const isLast = index === parts.length - 1;
    blocks.push({ from, to: index + 1, tokens, stays: stays ?? (isLast ? 'last' : null) });
    from = index + 1;
    end = from;
    tokens = 0;
    stays = null;
  }
  return blocks;
}

/** For each part the last one that it must stand with; and the results whose calls are not in sight. */
function reaches(parts: readonly Part[]): { readonly last: Int32Array; readonly orphans: ReadonlySet<number> } {
  const last = new Int32Array(parts.length);
  const orphans = new Set<number>();
  const callers = new Map<string, number>();
  let thinker: number | null = null;
  for (let index = 0; index < parts.length; index += 1) {
    const { role, calls, answers, leads, thinks } = parts[index] as Part;
    last[index] = leads ? Math.min(index + 1, parts.length - 1) : index;
    for (const call of calls) callers.set(call, index);
    for (const answer of answers) {
      const caller = callers.get(answer);
      if (caller === undefined) orphans.add(index);
      else last[caller] = index;
    }
    // Calls without thoughts of their own rest on those with which the turn began.
    if (role === 'user') thinker = null;
    else if (thinks) thinker = index;
    else if (thinker !== null && calls.length > 0) last[thinker] = index;
  }
  return { last, orphans };
}
