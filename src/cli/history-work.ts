import { EVENT_KINDS, type EventFilter, listEvents } from '../observe/events.ts';
import { listAudit } from '../tenants/audit.ts';
import type { AuditEntry, SubjectKind } from '../tenants/entities.ts';
import { administer, jsonLines, printTable, requireTenant } from './administration.ts';
import type { AdministrationOptions } from './administration-options.ts';
import type { Column } from './table.ts';
import { showMoment, type Terminal } from './terminal.ts';
import { readLimit, readMoment, readWord } from './typed.ts';

/** What `audit` takes, as it was typed. */
export interface AuditOptions extends AdministrationOptions {
  readonly subject?: SubjectKind;
  readonly since?: string;
  readonly limit: string;
}

/** What `events` takes. */
export interface EventOptions extends AdministrationOptions {
  readonly kind?: string;
  readonly tenant?: string;
  readonly since?: string;
  readonly limit: string;
}

const AUDIT_COLUMNS: readonly Column[] = [
  { title: 'time', rank: 1 },
  { title: 'who', rank: 0 },
  { title: 'did', rank: 0 },
  { title: 'to', rank: 0 },
  { title: 'what', rank: 2 },
];

const EVENT_COLUMNS: readonly Column[] = [
  { title: 'time', rank: 1 },
  { title: 'kind', rank: 0 },
  { title: 'what', rank: 0 },
];

export function listChanges(options: AuditOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database) => {
    const filter = {
      subject: options.subject,
      since: readMoment('--since', options.since, Date.now()),
      limit: readLimit(options.limit),
    };
    const entries = await listAudit(database, filter);
    if (options.json) return terminal.write(jsonLines(entries));
    const rows = entries.map((entry) => [
      { text: showMoment(entry.at), ink: 'dim' as const },
      { text: `${entry.actor.via} ${entry.actor.name}` },
      { text: entry.action },
      { text: `${entry.subject} ${entry.subjectId}` },
      { text: differences(entry) },
    ]);
    printTable(terminal, AUDIT_COLUMNS, rows, 'no changes');
  });
}

export function listHappenings(options: EventOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database) => {
    const { tenant } = options;
    const kind = readWord('--kind', options.kind, EVENT_KINDS);
    const filter: EventFilter = {
      kind,
      tenant,
      since: readMoment('--since', options.since, Date.now()),
      limit: readLimit(options.limit),
    };
    const events = await listEvents(database, filter);
    if (events.length === 0) await requireTenant(database, tenant);
    if (options.json) return terminal.write(jsonLines(events));
    const rows = events.map(({ at, kind: told, message }) => [
      { text: showMoment(at), ink: 'dim' as const },
      { text: told, ink: 'yellow' as const },
      { text: message },
    ]);
    printTable(terminal, EVENT_COLUMNS, rows, 'no events');
  });
}

/** What is different after a change, in few words. */
function differences({ before, after }: AuditEntry): string {
  const [old, now] = [fields(before), fields(after)];
  if (before === null || after === null) return '';
  return Object.keys(now)
    .filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]))
    .map((name) => `${name} ${short(old[name])} > ${short(now[name])}`)
    .join(', ');
}

function fields(entity: unknown): Readonly<Record<string, unknown>> {
  return typeof entity === 'object' && entity !== null ? (entity as Record<string, unknown>) : {};
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
