import { userInfo } from 'node:os';

import type { ZodType } from 'zod';

import { checkAgainst } from '../config/check.ts';
import { loadConfig } from '../config/load.ts';
import { fieldName } from '../config/problem.ts';
import { suggestOrList } from '../config/suggest.ts';
import { openNamedDatabase } from '../gateway/open-database.ts';
import { dataDirectory } from '../storage/data-directory.ts';
import type { Database } from '../storage/database.ts';
import { requireDatabase } from '../storage/sqlite/connection.ts';
import type { Limits } from '../engine/admission/limits.ts';
import { ChangeRefused } from '../tenants/changes.ts';
import { declare } from '../tenants/declarations.ts';
import type { Actor } from '../tenants/entities.ts';
import { listTenants } from '../tenants/groups.ts';
import type { AdministrationOptions } from './administration-options.ts';
import { type Column, layOut, type TableCell, tableHead, tableRow } from './table.ts';
import type { Terminal } from './terminal.ts';

// What the commands have in common that work on the database itself: they need no running gateway and no token, and every
// gateway on the same database takes up what they change within two seconds.

/** What becomes of a data directory without a database: only what begins something makes one, for else it is the wrong place. */
type WhereMissing = 'refuse' | 'make';

/**
 * Opens the database for some work.
 *
 * @throws {Error} with what is in the way and what to do
 */
export async function administer<Result>(
  options: AdministrationOptions,
  work: (database: Database, actor: Actor) => Promise<Result>,
  whereMissing: WhereMissing = 'refuse',
): Promise<Result> {
  const database = await openFor(options, whereMissing);
  try {
    return await work(database, actor());
  } catch (error) {
    throw error instanceof ChangeRefused ? new Error(`${error.message}. ${error.fix}`, { cause: error }) : error;
  } finally {
    await database.close();
  }
}

/** The database of the data directory, unless the configuration or the environment names another. */
async function openFor({ config: file, data }: AdministrationOptions, whereMissing: WhereMissing): Promise<Database> {
  const named = file !== undefined || (process.env['HOLDFAST_DATABASE'] ?? '') !== '';
  const config = named ? await loadConfig({ file, env: process.env, secrets: 'database' }) : null;
  const directory = data === undefined && config !== null ? config.data : dataDirectory(data);
  const database = config?.database ?? { kind: 'sqlite' };
  if (database.kind === 'sqlite' && whereMissing === 'refuse') requireDatabase(directory);
  return openNamedDatabase({ database, data: directory });
}

/** For a list that is empty: perhaps of somebody who is not there. @throws {Error} there is no such tenant */
export async function requireTenant(database: Database, id: string | undefined): Promise<void> {
  if (id === undefined) return;
  const known = (await listTenants(database)).map((tenant) => tenant.id);
  if (known.includes(id)) return;
  const there = known.length === 0 ? 'There are none yet.' : suggestOrList(id, known);
  throw new Error(`--tenant "${id}": there is no such tenant. ${there}`);
}

/** Takes over what a configuration file declares, for commands that come before the first start. */
export async function declareFrom(file: string | undefined, database: Database): Promise<void> {
  if (file === undefined) return;
  const { tenancy } = await loadConfig({ file, env: process.env, secrets: 'skip' });
  await declare(database, { via: 'file', name: file, address: null }, tenancy);
}

/** The audit log says which user of the operating system it was. */
function actor(): Actor {
  let name = 'unknown';
  try {
    name = userInfo().username;
  } catch {
    // A container may run as a user that has no name.
    name = `uid ${process.getuid?.() ?? 'unknown'}`;
  }
  return { via: 'cli', name, address: null };
}

/**
 * Checks what was typed by the rules of the admin API.
 *
 * @throws {Error} with everything that is wrong
 */
export function checked<Value>(schema: ZodType<Value>, typed: object): Value {
  const result = checkAgainst(schema, typed);
  if (result.good) return result.value;
  const lines = result.findings.map(({ path, wrong, fix }) => `  ${fieldName(path)}: ${wrong}\n      ${fix}`);
  throw new Error(`${lines.length === 1 ? 'this cannot be done' : 'several things are wrong'}\n${lines.join('\n')}`);
}

/**
 * Reads `requestsPerMinute=600` and `budgetPerMonth.warn=400`; undefined when none was given, so that nothing is changed.
 * The one word `none` takes all limits away.
 */
export function readLimits(written: readonly string[] | undefined): object | undefined {
  if (written === undefined) return undefined;
  const limits: Record<string, unknown> = {};
  for (const text of written) {
    if (text === 'none') continue;
    const equals = text.indexOf('=');
    const [name = '', part] = text.slice(0, Math.max(equals, 0)).split('.', 2);
    const amount = Number(text.slice(equals + 1).replaceAll('_', ''));
    if (name === '' || text.slice(equals + 1).trim() === '') {
      throw new Error(`a limit is written NAME=AMOUNT, such as requestsPerMinute=600, and "${text}" is not`);
    }
    if (part === undefined) limits[name] = amount;
    else limits[name] = { ...(typeof limits[name] === 'object' ? limits[name] : {}), [part]: amount };
  }
  return limits;
}

/** A number that was typed; what is none is left for the check to refuse. */
export function readNumber(text: string | undefined): number | string | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  return text.trim() === '' || Number.isNaN(number) ? text : number;
}

/** Limits on one line. */
export function showLimits(limits: Limits): string {
  const parts = Object.entries(limits).map(
    ([name, amount]: [string, unknown]) => `${name} ${JSON.stringify(amount).replaceAll(/["{}]/g, '')}`,
  );
  return parts.join(', ') || '-';
}

/** Entities as JSON for programs: one object a line, moments as dates. */
export function jsonLines(entities: readonly object[]): string {
  return entities.map((entity) => `${JSON.stringify(entity, dated)}\n`).join('');
}

function dated(name: string, value: unknown): unknown {
  return typeof value === 'number' && /(?:^at|At)$/.test(name) ? new Date(value).toISOString() : value;
}

/** Prints a table, or what is said when it would be empty. */
export function printTable(
  terminal: Terminal,
  columns: readonly Column[],
  rows: readonly (readonly TableCell[])[],
  empty: string,
): void {
  if (rows.length === 0) return terminal.note(`${empty}\n`);
  const { width, paint } = terminal;
  const layout = layOut(columns, rows, width);
  terminal.write(tableHead(layout, paint) + rows.map((row) => tableRow(layout, row, paint)).join(''));
}
