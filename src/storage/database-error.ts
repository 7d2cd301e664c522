/**
 * Why the database cannot be used.
 *
 * - `missing`: there is none yet, and a reader does not make one.
 * - `not-a-directory`: a file stands where the data directory or the database should be the other kind.
 * - `unwritable`: rights, or a read-only disk.
 * - `damaged`: the file is not a database, or a broken one.
 * - `foreign`: a sound database, but not Holdfast's.
 * - `newer`, `older`: its schema is not the one this version reads.
 * - `full`: no space left.
 * - `busy`: another process kept it locked for longer than the time allowed.
 * - `io`: the disk failed in another way.
 * - `away`: its server cannot be reached, or does not take anybody just now.
 * - `denied`: its server does not take this user, or does not let it do what has to be done.
 */
export type DatabaseErrorKind =
  | 'missing'
  | 'not-a-directory'
  | 'unwritable'
  | 'damaged'
  | 'foreign'
  | 'newer'
  | 'older'
  | 'full'
  | 'busy'
  | 'io'
  | 'away'
  | 'denied'
  | 'other';

/** The database cannot be opened or used; the message names the path and what to do. Nothing on disk was changed. */
export class DatabaseError extends Error {
  readonly kind: DatabaseErrorKind;

  constructor(kind: DatabaseErrorKind, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DatabaseError';
    this.kind = kind;
  }
}

/** Primary result codes of SQLite, https://www.sqlite.org/rescode.html; the low byte of an extended code. */
const SQLITE_KINDS: ReadonlyMap<number, DatabaseErrorKind> = new Map([
  [3, 'unwritable'],
  [5, 'busy'],
  [6, 'busy'],
  [8, 'unwritable'],
  [10, 'io'],
  [11, 'damaged'],
  [13, 'full'],
  [14, 'unwritable'],
  [26, 'damaged'],
]);

const SYSTEM_KINDS: ReadonlyMap<string, DatabaseErrorKind> = new Map([
  ['EEXIST', 'not-a-directory'],
  ['ENOTDIR', 'not-a-directory'],
  ['EISDIR', 'not-a-directory'],
  // What some file systems say to whoever wants to make something in them, though they are there.
  ['ENOENT', 'unwritable'],
  ['EACCES', 'unwritable'],
  ['EPERM', 'unwritable'],
  ['EROFS', 'unwritable'],
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['EIO', 'io'],
]);

/** Any error met while using the database at `path`, as a {@link DatabaseError} that says what to do. */
export function toDatabaseError(error: unknown, path: string): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const kind = kindOf(error);
  const said = error instanceof Error ? error.message : String(error);
  return new DatabaseError(kind, explain(kind, path, said), error);
}

/** A row was refused that cannot stand beside those there are, by SQLite (SQLITE_CONSTRAINT) or by PostgreSQL (class 23). */
export function isConstraint(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('errcode' in error && typeof error.errcode === 'number') return (error.errcode & 0xff) === 19;
  return 'code' in error && typeof error.code === 'string' && /^23\d{3}$/.test(error.code);
}

function kindOf(error: unknown): DatabaseErrorKind {
  if (!(error instanceof Error)) return 'other';
  if ('errcode' in error && typeof error.errcode === 'number') return SQLITE_KINDS.get(error.errcode & 0xff) ?? 'other';
  if ('code' in error && typeof error.code === 'string') return SYSTEM_KINDS.get(error.code) ?? 'other';
  return 'other';
}

function explain(kind: DatabaseErrorKind, path: string, said: string): string {
  switch (kind) {
    case 'not-a-directory':
      return `${path} cannot be used: a file stands where a directory should be, or the other way round (${said}). Point HOLDFAST_DATA at a directory.`;
    case 'unwritable':
      return `${path} cannot be opened for writing (${said}). Give this user write access to the directory, or point HOLDFAST_DATA elsewhere.`;
    case 'damaged':
      return `${path} is damaged or is not an SQLite database (${said}). It was left untouched: move it away and start again, or put a backup in its place.`;
    case 'full':
      return `the disk of ${path} is full (${said}). Free some space, or lower the storage's size limit.`;
    case 'busy':
      return `${path} is locked by another process (${said}). Wait for it to finish, or stop it.`;
    case 'io':
      return `the disk of ${path} failed (${said}). Check the disk and its free space.`;
    default:
      return `${path} cannot be used (${said}).`;
  }
}
