import type { Database } from '../storage/database.ts';

/** What calls name that has no fixed list of words. */
export type Mention = 'model' | 'route' | 'target' | 'organisation' | 'tenant' | 'workload' | 'key_id';

/**
 * Everything of one sort that stored calls name, in alphabetical order: what a filter that finds nothing may have been meant to
 * say. Of targets those that have served.
 */
export async function mentioned({ query }: Database, mention: Mention): Promise<readonly string[]> {
  const rows = await query
    .selectFrom('call_kinds')
    .select(mention)
    .distinct()
    .where(mention, 'is not', null)
    .orderBy(mention)
    .execute();
  return rows.map((row) => String(row[mention]));
}
