import { suggestOrList } from '../config/suggest.ts';
import { type Mention, mentioned } from '../observe/mentioned.ts';
import type { Database } from '../storage/database.ts';
import { plain } from './terminal.ts';

/** The options whose words are not ours to know: callers and configurations choose them. */
type NameOption = 'model' | 'target' | 'route' | 'tenant' | 'organisation' | 'workload' | 'key';

const MENTIONS: readonly (readonly [NameOption, Mention])[] = [
  ['model', 'model'],
  ['target', 'target'],
  ['route', 'route'],
  ['tenant', 'tenant'],
  ['organisation', 'organisation'],
  ['workload', 'workload'],
  ['key', 'key_id'],
];

/**
 * What was asked for and stands in no call at all, a line each: likelier a slip than a search. No error, for it may stand in
 * the next call.
 */
export async function unknownNames(
  database: Database,
  asked: Readonly<Partial<Record<NameOption, string | undefined>>>,
): Promise<string> {
  let notes = '';
  for (const [option, mention] of MENTIONS) {
    const name = asked[option];
    if (name === undefined) continue;
    const known = await mentioned(database, mention);
    if (known.includes(name)) continue;
    const there = known.length === 0 ? 'No call names any.' : suggestOrList(name, known);
    notes += `no call that is kept names --${option} "${plain(name)}". ${plain(there)}\n`;
  }
  return notes;
}
