import * as z from 'zod';
import type { Page } from './fields.ts';
import { AdminProblem } from './problem.ts';

/** One page of a list. */
export interface PageReply<Item> {
  readonly data: readonly Item[];
  /** Give it as `after` to get the next page; null: this was the last. */
  readonly next: string | null;
}

export const DEFAULT_LIMIT = 50;

export function pageOf<Item>(item: z.ZodType<Item>): z.ZodType<PageReply<Item>> {
  return z.strictObject({
    data: z.array(item),
    next: z.string().nullable().describe('Give it as `after` to get the next page; null: this was the last.'),
  });
}

/** A page of a list that is all in memory, in the order of its ids. */
export function pageById<Entity extends { readonly id: string }, Item>(
  all: readonly Entity[],
  { limit = DEFAULT_LIMIT, after }: Page,
  show: (entity: Entity) => Item,
): PageReply<Item> {
  const rest = all
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
    .filter(({ id }) => after === undefined || id > after);
  const shown = rest.slice(0, limit);
  return { data: shown.map(show), next: rest.length > limit ? (shown.at(-1)?.id ?? null) : null };
}

/** A page of a list of which one more than asked for was fetched. */
export function pageOfFetched<Entity, Item>(
  fetched: readonly Entity[],
  { limit = DEFAULT_LIMIT }: Page,
  show: (entity: Entity) => Item,
  cursor: (entity: Entity) => string,
): PageReply<Item> {
  const shown = fetched.slice(0, limit);
  const last = shown.at(-1);
  return { data: shown.map(show), next: fetched.length > limit && last !== undefined ? cursor(last) : null };
}

/** A cursor that is a number. */
export function numberAfter(after: string | undefined): number | undefined {
  if (after === undefined) return undefined;
  if (!/^\d{1,15}$/.test(after)) throw wrongCursor();
  return Number(after);
}

export function wrongCursor(): AdminProblem {
  const problems = [{ field: 'after', wrong: 'is no `next` of a page', fix: 'Copy the `next` of the page before.' }];
  return new AdminProblem(400, 'invalid_fields', 'the request has a problem in its query', { problems });
}
