import type { Database } from '../storage/database.ts';
import type { AuditEntry, SubjectKind } from './entities.ts';
import { auditFromRow } from './rows.ts';

export interface AuditFilter {
  readonly subject?: SubjectKind | undefined;
  readonly subjectId?: string | undefined;
  /** Made at or after this moment, ms since 1970. */
  readonly since?: number | undefined;
  /** Made before this moment. */
  readonly until?: number | undefined;
  /** Older than the entry of this number: the next page. */
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
}

/** The changes that match, newest first. */
export async function listAudit(
  { query }: Database,
  { subject, subjectId, since, until, before, limit = 50 }: AuditFilter = {},
): Promise<readonly AuditEntry[]> {
  let select = query.selectFrom('audit_log').selectAll().orderBy('seq', 'desc').limit(limit);
  if (subject !== undefined) select = select.where('subject', '=', subject);
  if (subjectId !== undefined) select = select.where('subject_id', '=', subjectId);
  if (since !== undefined) select = select.where('at', '>=', since);
  if (until !== undefined) select = select.where('at', '<', until);
  if (before !== undefined) select = select.where('seq', '<', before);
  return (await select.execute()).map(auditFromRow);
}

/** Number of the last change; 0 before the first. */
export async function lastChange({ query }: Database): Promise<number> {
  const row = await query.selectFrom('audit_log').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return row?.seq ?? 0;
}

/** What was changed after the change of number `seq`, oldest first. */
export async function changesSince(
  { query }: Database,
  seq: number,
): Promise<readonly Pick<AuditEntry, 'seq' | 'subject' | 'subjectId'>[]> {
  const rows = query.selectFrom('audit_log').select(['seq', 'subject', 'subject_id']).where('seq', '>', seq);
  return (await rows.orderBy('seq').execute()).map(({ seq: number, subject, subject_id: subjectId }) => ({
    seq: number,
    subject: subject as SubjectKind,
    subjectId,
  }));
}
