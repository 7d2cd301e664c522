import { setTimeout as sleep } from 'node:timers/promises';

import { KINDS } from '../engine/fault/kinds.ts';
import type { FaultKind } from '../engine/fault/fault.ts';
import type { CallOutcome } from '../engine/record.ts';
import type { StoredCall } from '../observe/call-row.ts';
import {
  type CallCursor,
  type CallFilter,
  lastSeq,
  listCalls,
  listCallsAfter,
  type StatusClass,
} from '../observe/calls.ts';
import { pseudonym } from '../tenants/secret.ts';
import type { Database } from '../storage/database.ts';
import { jsonLine, writeCalls } from './call-export.ts';
import { describeCall, outcomeText } from './call-timeline.ts';
import { unknownNames } from './call-names.ts';
import { theCall, withRecords } from './recorded.ts';
import { type Column, layOut, type TableCell, tableHead, tableRow } from './table.ts';
import { showDuration, showMoment, type Terminal } from './terminal.ts';
import { readDuration, readLimit, readSpan, readWord } from './typed.ts';

/** Time between two looks of `--follow`, ms: the gateway writes twice a second. */
const FOLLOW_EVERY_MS = 500;

const OUTCOMES: readonly CallOutcome[] = ['answered', 'failed', 'interrupted', 'cancelled', 'retried'];
const FAULTS = Object.keys(KINDS) as readonly FaultKind[];
const FORMATS = ['csv', 'jsonl'] as const;

const COLUMNS: readonly Column[] = [
  { title: 'time', rank: 4, minWidth: 19 },
  { title: 'id', rank: 0 },
  { title: 'model', rank: 3, minWidth: 10 },
  { title: 'target', rank: 5, minWidth: 8 },
  { title: 'outcome', rank: 0, minWidth: 8 },
  { title: 'tries', rank: 2, align: 'right' },
  { title: 'took', rank: 1, align: 'right', minWidth: 7 },
  { title: 'first', rank: 6, align: 'right', minWidth: 7 },
  { title: 'tokens', rank: 7, align: 'right', minWidth: 11 },
];

/** What both commands take. */
export interface DataOptions {
  readonly data?: string;
  readonly config?: string;
  readonly json?: true;
}

/** What `holdfast calls` takes, as it was typed. */
export interface ListOptions extends DataOptions {
  readonly since?: string;
  readonly until?: string;
  readonly outcome?: string;
  readonly fault?: string;
  readonly model?: string;
  readonly target?: string;
  readonly route?: string;
  readonly tenant?: string;
  readonly organisation?: string;
  readonly workload?: string;
  readonly key?: string;
  readonly user?: string;
  readonly status?: string;
  readonly minDuration?: string;
  readonly id?: string;
  readonly before?: string;
  readonly limit: string;
  readonly follow?: true;
}

/** What `holdfast calls export` takes, as it was typed. */
export type ExportOptions = Omit<ListOptions, 'limit' | 'before' | 'follow' | 'json'> & { readonly format: string };

/** Lists the calls that match, and with `follow` goes on for ever. */
export function listStoredCalls(options: ListOptions, terminal: Terminal): Promise<void> {
  const filter = readFilter(options, Date.now());
  const limit = readLimit(options.limit);
  return withRecords(options, (database) => list(database, { ...filter, limit }, options, terminal));
}

/** Writes the calls that match to stdout, in a format for other tools. */
export function exportStoredCalls(options: ExportOptions, terminal: Terminal): Promise<void> {
  const format = readWord('--format', options.format, FORMATS) ?? 'jsonl';
  const filter = readFilter(options, Date.now());
  return withRecords(options, async (database) => {
    const written = await writeCalls(database, filter, format, terminal);
    terminal.note(`${written} calls\n`);
    if (written === 0) terminal.note(await unknownNames(database, options));
  });
}

/** Shows one call. */
export function showStoredCall(id: string, options: DataOptions, terminal: Terminal): Promise<void> {
  return withRecords(options, async (database) => {
    const call = await theCall(database, id);
    terminal.write(options.json ? jsonLine(call) : describeCall(call, terminal.width, terminal.paint));
  });
}

async function list(
  database: Database,
  filter: CallFilter & { readonly limit: number },
  options: ListOptions,
  terminal: Terminal,
): Promise<void> {
  const before = options.before === undefined ? undefined : cursorOf(await theCall(database, options.before));
  // Taken before the list, so that a call written in between is followed; what the list holds already is left out again.
  const seen = await lastSeq(database);
  const { calls, next } = await listCalls(database, { ...filter, before });
  const oldestFirst = options.follow === true;
  const print = printer(options, terminal, calls);
  print(oldestFirst ? calls.toReversed() : calls);
  if (options.follow) {
    await follow(database, filter, seen, new Set(calls.map(({ seq }) => seq)), print);
    return;
  }
  if (calls.length === 0) {
    if (!options.json) terminal.note('no calls match\n');
    terminal.note(await unknownNames(database, options));
  }
  const last = calls.at(-1);
  if (!options.json && next !== null && last) terminal.note(`older ones: holdfast calls … --before ${last.id}\n`);
}

async function follow(
  database: Database,
  filter: CallFilter,
  from: number,
  shown: ReadonlySet<number>,
  print: (calls: readonly StoredCall[]) => void,
): Promise<never> {
  let seen = from;
  for (;;) {
    const calls = await listCallsAfter(database, seen, filter);
    print(calls.filter(({ seq }) => !shown.has(seq)));
    seen = calls.at(-1)?.seq ?? seen;
    await sleep(FOLLOW_EVERY_MS);
  }
}

function printer({ json, follow }: ListOptions, terminal: Terminal, sample: readonly StoredCall[]) {
  const { width, paint } = terminal;
  if (json) return (calls: readonly StoredCall[]) => terminal.write(calls.map(jsonLine).join(''));
  const layout = layOut(COLUMNS, sample.map(tableCells), width);
  if (sample.length > 0 || follow) terminal.write(tableHead(layout, paint));
  return (calls: readonly StoredCall[]) =>
    terminal.write(calls.map((call) => tableRow(layout, tableCells(call), paint)).join(''));
}

function tableCells(call: StoredCall): TableCell[] {
  const { outcome, attempts, usage } = call;
  const tries = attempts.length;
  return [
    { text: showMoment(call.at), ink: 'dim' },
    { text: call.id },
    { text: call.model ?? '-' },
    { text: call.target ?? '-' },
    { text: outcomeText(call), ink: outcome === 'answered' ? 'green' : outcome === 'cancelled' ? 'yellow' : 'red' },
    { text: String(tries), ink: tries > 1 ? 'yellow' : undefined },
    { text: showDuration(call.durationMs) },
    { text: call.firstContentMs === null ? '-' : showDuration(call.firstContentMs) },
    { text: `${usage.inputTokens ?? '-'} > ${usage.outputTokens ?? '-'}`, ink: 'dim' },
  ];
}

function cursorOf({ at, seq }: StoredCall): CallCursor {
  return { at, seq };
}

function readFilter(options: Omit<ListOptions, 'limit'>, now: number): CallFilter {
  return {
    ...readSpan(options, now),
    outcome: readWord('--outcome', options.outcome, OUTCOMES),
    fault: readWord('--fault', options.fault, FAULTS),
    model: options.model,
    target: options.target,
    route: options.route,
    tenant: options.tenant,
    organisation: options.organisation,
    workload: options.workload,
    keyId: options.key,
    endUser: readUser(options),
    status: readStatus(options.status),
    minDurationMs: readDuration('--min-duration', options.minDuration),
    idPrefix: options.id,
  };
}

/** Users are stored under pseudonyms, which can be told from their names and not the other way round. */
function readUser({ user, tenant }: Omit<ListOptions, 'limit'>): string | undefined {
  if (user === undefined || /^u_[0-9a-f]{16}$/.test(user)) return user;
  if (tenant === undefined) throw new Error('--user needs --tenant: each tenant has users of its own');
  return pseudonym(tenant, user);
}

function readStatus(text: string | undefined): number | StatusClass | undefined {
  if (text === undefined) return undefined;
  if (/^[1-5]xx$/i.test(text)) return text.toLowerCase() as StatusClass;
  if (/^[1-5]\d\d$/.test(text)) return Number(text);
  throw new Error(`--status "${text}" is no status; write one such as 429, or a class such as 5xx`);
}
