import { type AdminAddress, askAdmin as ask } from './admin-client.ts';
import { jsonLines, printTable } from './administration.ts';
import type { Column, TableCell } from './table.ts';
import type { Ink, Terminal } from './terminal.ts';

export interface TargetOptions extends AdminAddress {
  readonly json?: true;
}

/** As much of a target as is shown, as the admin API tells it. */
interface Told {
  readonly id: string;
  readonly provider: string;
  readonly breaker: 'closed' | 'open' | 'half-open';
  readonly waiting: number;
  readonly awaitingContent: number;
  readonly health: {
    readonly openByHand: boolean;
    readonly reason: string | null;
    readonly suspect: boolean;
    readonly recent: { readonly attempts: number; readonly errorShare: number | null };
  };
  readonly key: {
    readonly status: string;
    readonly ending: string | null;
    readonly since: string | null;
    readonly refusals: readonly {
      readonly model: string | null;
      readonly kind: string;
      readonly triedAgainAt: string;
    }[];
  };
  readonly limits: readonly { readonly headroom: number }[];
}

const COLUMNS: readonly Column[] = [
  { title: 'target', rank: 0 },
  { title: 'provider', rank: 4 },
  { title: 'breaker', rank: 1 },
  { title: 'errors', rank: 2, align: 'right' },
  { title: 'under way', rank: 3, align: 'right' },
  { title: 'waiting', rank: 3, align: 'right' },
  { title: 'room', rank: 3, align: 'right' },
  { title: 'key', rank: 1 },
  { title: 'why', rank: 2 },
];

const INKS: Readonly<Record<Told['breaker'], Ink>> = { closed: 'green', open: 'red', 'half-open': 'yellow' };

export async function listTargets(options: TargetOptions, terminal: Terminal): Promise<void> {
  const { data } = (await ask(options, 'GET', '/targets')) as { readonly data: readonly Told[] };
  if (options.json === true) return terminal.write(jsonLines(data));
  printTable(terminal, COLUMNS, data.map(rowOf), 'there are no targets');
}

export async function clearTarget(id: string, options: TargetOptions, terminal: Terminal): Promise<void> {
  const target = (await ask(options, 'POST', `/targets/${encodeURIComponent(id)}/clear`)) as Told;
  if (options.json === true) return terminal.write(jsonLines([target]));
  terminal.write(`the key of ${target.id} is tried again with the next call\n`);
}

export async function turnBreaker(
  id: string,
  state: string,
  options: TargetOptions,
  terminal: Terminal,
): Promise<void> {
  const path = `/targets/${encodeURIComponent(id)}/breaker`;
  const target = (await ask(options, 'POST', path, { state })) as Told;
  if (options.json === true) return terminal.write(jsonLines([target]));
  const done: Readonly<Record<string, string>> = {
    open: 'no call goes there until it is let back in',
    closed: 'calls go there at once',
    auto: 'it finds out for itself whether it is well',
  };
  terminal.write(`the breaker of ${target.id} is ${target.breaker}: ${done[state] ?? ''}\n`);
}

function rowOf({ id, provider, breaker, waiting, awaitingContent, health, key, limits }: Told): readonly TableCell[] {
  const { errorShare, attempts } = health.recent;
  const room = limits.length === 0 ? null : Math.min(...limits.map(({ headroom }) => headroom));
  return [
    { text: id },
    { text: provider },
    { text: breaker, ink: INKS[breaker] },
    { text: errorShare === null ? '-' : `${percent(errorShare)} of ${attempts}` },
    { text: String(awaitingContent) },
    { text: String(waiting) },
    { text: room === null ? '-' : percent(room) },
    keyCell(key),
    { text: health.reason ?? (health.suspect ? 'works badly: others are preferred' : '') },
  ];
}

function keyCell({ status, ending, refusals }: Told['key']): TableCell {
  const dead = refusals.find(({ model }) => model === null);
  if (dead !== undefined) return { text: `dead: ${dead.kind}, tried again ${dead.triedAgainAt}`, ink: 'red' };
  const shown = ending === null ? status : `${status}, …${ending}`;
  if (refusals.length > 0) return { text: `${shown}, not for ${refusals.length} models`, ink: 'yellow' };
  return status === 'refused' || status === 'missing' ? { text: shown, ink: 'red' } : { text: shown };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
