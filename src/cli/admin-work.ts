import { listAdminTokens, resetAdminTokens } from '../tenants/admin-tokens.ts';
import { administer, jsonLines, printTable } from './administration.ts';
import type { AdministrationOptions } from './administration-options.ts';
import type { Column } from './table.ts';
import { showMoment, type Terminal } from './terminal.ts';

const COLUMNS: readonly Column[] = [
  { title: 'token', rank: 0 },
  { title: 'begins', rank: 2 },
  { title: 'name', rank: 1 },
  { title: 'role', rank: 0 },
  { title: 'status', rank: 0 },
  { title: 'last used', rank: 3 },
];

export function listTokens(options: AdministrationOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database) => {
    const tokens = await listAdminTokens(database);
    if (options.json) return terminal.write(jsonLines(tokens));
    const rows = tokens.map(({ id, prefix, name, role, revokedAt, expiresAt, usedAt }) => [
      { text: id },
      { text: prefix },
      { text: name },
      { text: role },
      { text: statusOf(revokedAt, expiresAt) },
      { text: usedAt === null ? 'never' : showMoment(usedAt), ink: 'dim' as const },
    ]);
    printTable(terminal, COLUMNS, rows, 'no admin tokens yet: the first start of holdfast serve makes one');
  });
}

/** The secret goes to stdout alone, so that a script can take it; everything else to stderr. */
export function resetToken(options: AdministrationOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database, actor) => {
    const { token, secret } = await resetAdminTokens(database, actor);
    if (options.json) return terminal.write(jsonLines([{ secret, token }]));
    terminal.note(`token ${token.id} of role admin, shown this once; every other one is revoked:\n`);
    terminal.write(`${secret}\n`);
  });
}

function statusOf(revokedAt: number | null, expiresAt: number | null): string {
  if (revokedAt !== null) return 'revoked';
  if (expiresAt === null) return 'holds';
  return expiresAt <= Date.now() ? 'expired' : `until ${showMoment(expiresAt)}`;
}
