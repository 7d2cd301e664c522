import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { dataDirectory, databasePath, makeDirectory } from './data-directory.ts';
import { DatabaseError, type DatabaseErrorKind, toDatabaseError } from './database-error.ts';
import { openDatabase } from './database.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { mayHold, openForReading, openForWriting } from './sqlite/connection.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-database-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function kindOfError(open: () => unknown): DatabaseErrorKind {
  try {
    open();
  } catch (error) {
    if (error instanceof DatabaseError) return error.kind;
    throw error;
  }
  throw new Error('opened');
}

describe('the data directory', () => {
  it('is what was asked for, then HOLDFAST_DATA, then ./data', () => {
    expect(dataDirectory('/a', { HOLDFAST_DATA: '/b' })).toBe('/a');
    expect(dataDirectory(undefined, { HOLDFAST_DATA: '/b' })).toBe('/b');
    expect(dataDirectory(undefined, { HOLDFAST_DATA: '' })).toBe(join(process.cwd(), 'data'));
  });
});

describe('making a directory', () => {
  it('makes those above it too, and is content with what is there', () => {
    const path = join(directory, 'a', 'b', 'c');
    makeDirectory(path);
    makeDirectory(path);
    makeDirectory('/');
    expect(statSync(path).isDirectory()).toBe(true);
  });

  it('refuses a file in its way', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(() => makeDirectory(join(directory, 'file'))).toThrow('EEXIST');
    expect(() => makeDirectory(join(directory, 'file', 'below'))).toThrow('ENOTDIR');
  });

  // Node's own `mkdir` with `recursive` asks there again and again, for ever.
  it.skipIf(process.platform !== 'linux')('ends where nothing can be made, whatever the file system says of it', () => {
    expect(() => makeDirectory('/proc/x/y')).toThrow('ENOENT');
    expect(kindOfError(() => openForWriting('/proc/x'))).toBe('unwritable');
  });
});

describe('opening for writing', () => {
  it('makes the directory, the file and the tables, and opens them again', async () => {
    const nested = join(directory, 'a', 'b');
    await openDatabase({ directory: nested }).close();
    const again = openDatabase({ directory: nested });
    expect(await again.query.selectFrom('calls').selectAll().execute()).toEqual([]);
    await again.close();
  });

  it("is its owner's alone, with everything that SQLite writes beside it", async () => {
    const database = openDatabase({ directory });
    await database.query.selectFrom('calls').selectAll().execute();
    const modes = readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o077);
    expect(modes.length).toBeGreaterThan(1);
    expect(new Set(modes)).toEqual(new Set([0]));
    await database.close();
  });

  it('chooses WAL, synchronous normal and incremental auto-vacuum', () => {
    const connection = openForWriting(directory);
    const pragma = (name: string): unknown => Object.values(connection.prepare(`pragma ${name}`).get() ?? {})[0];
    expect([pragma('journal_mode'), pragma('synchronous'), pragma('auto_vacuum')]).toEqual(['wal', 1, 2]);
    connection.close();
  });

  it('runs each migration once, and a later one on top', () => {
    openForWriting(directory).close();
    const second = { number: MIGRATIONS.length + 1, name: 'more', sqlite: 'create table more (x)' };
    openForWriting(directory, [...MIGRATIONS, second]).close();
    const connection = openForWriting(directory, [...MIGRATIONS, second]);
    expect(connection.prepare('select number, name from migrations').all()).toEqual([
      ...MIGRATIONS.map(({ number, name }) => ({ number, name })),
      { number: second.number, name: 'more' },
    ]);
    connection.close();
  });

  it('keeps the calls that were written under the first schema', async () => {
    const old = openForWriting(directory, MIGRATIONS.slice(0, 1));
    old.exec(`
      insert into call_kinds (id, last_seq, door, operation, method, path, stream, outcome, status, caller_retries, attempt_count)
        values (1, 100, 'gateway', 'chat', 'POST', '/chat/completions', 0, 'answered', 200, 0, 1);
      insert into call_rows (id, kind, at, duration_us, overhead_us, input_tokens) values ('an-old-call', 1, 1000, 2000, 30, 7);`);
    old.close();
    const database = openDatabase({ directory });
    expect(await database.query.selectFrom('calls').selectAll().execute()).toMatchObject([
      {
        id: 'an-old-call',
        at: 1000,
        input_tokens: 7,
        cost: null,
        tenant: null,
        key_id: null,
        end_user: null,
        lane: 'interactive',
      },
    ]);
    await database.close();
  });

  it('brings ids along to where they are looked for now', async () => {
    const old = openForWriting(directory, MIGRATIONS.slice(0, 6));
    const [slot, hash] = [Math.floor(600_000 / 8192), 0xff_ff_ff_fe];
    old.exec(`insert into call_ids values (${slot * 2 ** 32 + hash}, 600000), (7, 12)`);
    old.close();
    const database = openDatabase({ directory });
    expect(await database.query.selectFrom('call_ids').selectAll().orderBy('seq').execute()).toEqual([
      { place: 7, seq: 12 },
      { place: Math.floor(600_000 / 65_536) * 2 ** 32 + hash, seq: 600_000 },
    ]);
    await database.close();
  });

  it('leaves the schema as it was when a migration fails', () => {
    openForWriting(directory).close();
    const broken = { number: MIGRATIONS.length + 1, name: 'broken', sqlite: 'create table half (x); nonsense' };
    expect(kindOfError(() => openForWriting(directory, [...MIGRATIONS, broken]))).toBe('other');
    const connection = openForWriting(directory);
    expect(connection.prepare("select name from sqlite_master where name = 'half'").all()).toEqual([]);
    connection.close();
  });

  it('refuses what it cannot use, names the path, and destroys nothing', () => {
    const path = databasePath(directory);
    const file = join(directory, 'file');
    writeFileSync(file, 'x');
    expect(kindOfError(() => openForWriting(file))).toBe('not-a-directory');
    expect(kindOfError(() => openForWriting(join(file, 'below')))).toBe('not-a-directory');
    expect(() => openForWriting(file)).toThrow(file);

    writeFileSync(path, 'not a database, but perhaps somebody’s letters '.repeat(100));
    const before = readFileSync(path);
    expect(kindOfError(() => openForWriting(directory))).toBe('damaged');
    expect(readFileSync(path).equals(before)).toBe(true);

    rmSync(path);
    mkdirSync(path);
    expect(kindOfError(() => openForWriting(directory))).toBe('not-a-directory');
  });

  it('refuses the database of another program and of a newer Holdfast', () => {
    const other = new DatabaseSync(databasePath(directory));
    other.exec('create table letters (text)');
    other.close();
    expect(kindOfError(() => openForWriting(directory))).toBe('foreign');

    rmSync(databasePath(directory));
    const future = { number: MIGRATIONS.length + 1, name: 'future', sqlite: 'create table future (x)' };
    openForWriting(directory, [...MIGRATIONS, future]).close();
    expect(kindOfError(() => openForWriting(directory))).toBe('newer');
    expect(kindOfError(() => openForReading(directory))).toBe('newer');
  });

  it('lets several processes make the same database at once', async () => {
    const source = `
      import { openForWriting } from ${JSON.stringify(new URL('./sqlite/connection.ts', import.meta.url).href)};
      while (Date.now() < ${Date.now() + 400});
      for (let i = 0; i < 20; i++) openForWriting(${JSON.stringify(directory)} + '/' + i).close();`;
    const exits = Array.from({ length: 3 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const said: string[] = [];
      child.stderr.on('data', (data) => said.push(String(data)));
      const [code] = await once(child, 'exit');
      return code === 0 ? 'clean' : said.join('');
    });
    expect(await Promise.all(exits)).toEqual(['clean', 'clean', 'clean']);
  });
});

describe('a database that cannot be opened for writing', () => {
  /** As where a full disk has no room for the memory that processes share. */
  const withoutSharedMemory = (): void => mkdirSync(`${databasePath(directory)}-shm`);

  it('holds nothing when it was never made whole', () => {
    expect(mayHold(directory, 'virtual_keys')).toBe(false);
    const begun = new DatabaseSync(databasePath(directory));
    begun.exec('pragma journal_mode = wal');
    begun.close();
    withoutSharedMemory();
    expect(kindOfError(() => openForWriting(directory))).toBe('unwritable');
    expect(mayHold(directory, 'virtual_keys')).toBe(false);
  });

  it('may hold what is in it, or in its log', async () => {
    const database = openDatabase({ directory });
    const organisation = { id: 'acme', name: 'Acme', limits: '{}', declared: 0, created_at: 0 };
    await database.query.insertInto('organisations').values(organisation).execute();
    expect(mayHold(directory, 'organisations')).toBe(true);
    expect(mayHold(directory, 'tenants')).toBe(false);
    await database.close();
    withoutSharedMemory();
    expect(mayHold(directory, 'organisations')).toBe(true);
    expect(mayHold(directory, 'tenants')).toBe(false);
  });
});

describe('opening for reading', () => {
  it('says kindly that there is nothing yet, and makes nothing', () => {
    const nowhere = join(directory, 'nowhere');
    expect(kindOfError(() => openForReading(nowhere))).toBe('missing');
    expect(() => openForReading(nowhere)).toThrow(/there is no database yet/);
    expect(existsSync(nowhere)).toBe(false);
  });

  it('refuses an older schema instead of changing it', () => {
    openForWriting(directory, []).close();
    expect(kindOfError(() => openForReading(directory))).toBe('older');
  });

  it('cannot write', () => {
    openForWriting(directory).close();
    const connection = openForReading(directory);
    expect(() => connection.exec('delete from call_rows')).toThrow(/readonly/);
    connection.close();
  });
});

describe('errors', () => {
  it.each<[object, DatabaseErrorKind]>([
    [{ errcode: 13 }, 'full'],
    [{ errcode: 5 | (1 << 8) }, 'busy'],
    [{ errcode: 10 | (9 << 8) }, 'io'],
    [{ errcode: 14 }, 'unwritable'],
    [{ errcode: 26 }, 'damaged'],
    [{ errcode: 1 }, 'other'],
    [{ code: 'ENOSPC' }, 'full'],
    [{ code: 'EROFS' }, 'unwritable'],
    [{ code: 'EWHATEVER' }, 'other'],
  ])('reads %j as %s', (fields, kind) => {
    const error = toDatabaseError(Object.assign(new Error('said'), fields), '/data/holdfast.db');
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(/\/data\/holdfast\.db.*said/);
  });
});
