import { DatabaseError, type DatabaseErrorKind } from '../database-error.ts';

/** Codes of PostgreSQL, https://www.postgresql.org/docs/current/errcodes-appendix.html; the longest beginning counts. */
const CODES: readonly (readonly [begins: string, kind: DatabaseErrorKind])[] = [
  ['28', 'denied'],
  ['42501', 'denied'],
  ['3D000', 'missing'],
  ['25006', 'unwritable'],
  ['40001', 'busy'],
  ['40P01', 'busy'],
  ['55P03', 'busy'],
  ['57014', 'busy'],
  ['53100', 'full'],
  ['53', 'away'],
  ['57P', 'away'],
  ['08', 'away'],
  ['58', 'io'],
  ['XX', 'damaged'],
];

/** A code of PostgreSQL's own: the server has answered. Anything else is of the line to it. */
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** The server has answered, and the connection is as good as before. */
export function isAnswer(error: unknown): boolean {
  const code = codeOf(error);
  return code !== null && SQLSTATE.test(code) && kindOf(code) !== 'away';
}

/** Any error met while using the database at `address`, as a {@link DatabaseError} that says what to do. */
export function toPostgresError(error: unknown, address: string): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const code = codeOf(error);
  const kind = code !== null && SQLSTATE.test(code) ? kindOf(code) : 'away';
  return new DatabaseError(kind, explain(kind, address, saidBy(error)), error);
}

function kindOf(code: string): DatabaseErrorKind {
  return CODES.find(([begins]) => code.startsWith(begins))?.[1] ?? 'other';
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** Of several addresses that were tried, each has its own error, and the whole has none. */
function saidBy(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(saidBy).join('; ');
  return error instanceof Error ? error.message : String(error);
}

function explain(kind: DatabaseErrorKind, address: string, said: string): string {
  switch (kind) {
    case 'away':
      return `${address} cannot be reached (${said}). Check that the server runs and that this machine may reach it.`;
    case 'denied':
      return `${address} refuses this user (${said}). Check the user, HOLDFAST_DATABASE_PASSWORD or the password that the configuration names, and the rights in the database.`;
    case 'missing':
      return `there is no such database at ${address} (${said}). Create it, or name another.`;
    case 'unwritable':
      return `${address} may only be read (${said}). Name the primary server, not a replica of it.`;
    case 'busy':
      return `${address} is held up by others (${said}). Try again.`;
    case 'full':
      return `the disk of ${address} is full (${said}). Free some space there.`;
    case 'io':
    case 'damaged':
      return `${address} has failed (${said}). Look into the server's own log.`;
    default:
      return `${address} cannot be used (${said}).`;
  }
}
