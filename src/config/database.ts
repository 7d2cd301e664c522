import * as z from 'zod';
import { type AddressFault, isLoopback } from './addresses.ts';
import { flag, secretReference, section, text } from './fields.ts';
import { NO_SECRET, type Secret } from './secrets.ts';
import type { SecretSource } from './secret-stores/store.ts';
import {
  addressField,
  type FoundPassword,
  readServerAddress,
  readServerPassword,
  serverFault,
} from './server-address.ts';

/** Where something is kept: in the data directory, or in PostgreSQL, which several gateways share. */
export type DatabaseConfig = { readonly kind: 'sqlite' } | PostgresConfig;

interface PostgresConfig {
  readonly kind: 'postgres';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: Secret;
  readonly tls: boolean;
}

/** What `database` says in the file, when it says more than an address. */
interface AddressSection {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: boolean | undefined;
  readonly allowInsecure?: boolean | undefined;
}

export type DatabaseSection = string | AddressSection;

/** The two fields that name a database: that of the whole gateway, and that of jobs, for which the former is the default. */
export type DatabaseField = 'database' | 'jobs.database';

/** Holds the password where no section names another place: an address is shown, a password never. */
const PASSWORD_VARIABLE = 'HOLDFAST_DATABASE_PASSWORD';

const DEFAULT_PORT = 5432;

/** Comes to the server where no user is named. */
const DEFAULT_USER = 'holdfast';

/** The word for the data directory. */
const EMBEDDED = 'sqlite';

const SCHEME = /^postgres(?:ql)?$/i;

const EXAMPLES = ['postgres://holdfast@db.example.com:5432/holdfast'];

const WRITE_ADDRESS = 'Write sqlite, or postgres://USER@HOST:5432/DATABASE.';

/** Checks what names a database; null when it can be used. The text is never quoted back, since passwords are often pasted into addresses. */
export function databaseFault(written: string): AddressFault | null {
  return written === EMBEDDED ? null : postgresFault(written);
}

function postgresFault(written: string): AddressFault | null {
  const address = readServerAddress(written, SCHEME);
  if (address === null) return { wrong: 'is not the address of a PostgreSQL server', fix: WRITE_ADDRESS };
  const { url } = address;
  if (url.password !== '') {
    const fix = `Take it out. Name its place in password, beside url, or set ${PASSWORD_VARIABLE}.`;
    return { wrong: 'carries a password; it is not shown here', fix };
  }
  if (!/^\/[^/]+$/.test(url.pathname)) return { wrong: 'names no database', fix: WRITE_ADDRESS };
  return serverFault(address, 'PostgreSQL', 'Keep what comes before it; TLS is asked for with tls: true.');
}

/** The shape of a field that names a database. */
export function databaseField(description: string): z.ZodType<DatabaseSection> {
  return z
    .union(
      [
        addressField('sqlite, or the address of a PostgreSQL server.', EXAMPLES, databaseFault),
        section({
          url: addressField(
            'Address of a PostgreSQL server: postgres://USER@HOST:5432/DATABASE.',
            EXAMPLES,
            postgresFault,
          ),
          username: text(`User of the server, where the address names none. Default ${DEFAULT_USER}.`).optional(),
          password: secretReference(
            `Where the password is. Default env:${PASSWORD_VARIABLE}, if that is set.`,
          ).optional(),
          tls: flag("Connect over TLS, checking the server's certificate. Default false.").optional(),
          allowInsecure: flag('The network to a server without TLS is your own: no warning. Default false.').optional(),
        }),
      ],
      { error: 'must be sqlite, the address of a PostgreSQL server, or a mapping with url' },
    )
    .describe(description);
}

/** Fills in what was left out. @param section has been checked. */
export function resolveDatabase(section: DatabaseSection | undefined, password: Secret): DatabaseConfig {
  const said: AddressSection = typeof section === 'object' ? section : { url: section ?? EMBEDDED };
  if (said.url === EMBEDDED) return { kind: 'sqlite' };
  const address = readServerAddress(said.url, SCHEME);
  if (address === null) throw new Error('the address of the database was not checked');
  const { url, host, port } = address;
  return {
    kind: 'postgres',
    host,
    port: port ?? DEFAULT_PORT,
    database: decodeURIComponent(url.pathname.slice(1)),
    user: url.username === '' ? (said.username ?? DEFAULT_USER) : decodeURIComponent(url.username),
    password,
    tls: said.tls ?? false,
  };
}

/** What is allowed and yet worth a line at start-up. */
export function databaseWarnings(
  field: DatabaseField,
  database: DatabaseConfig,
  section: DatabaseSection | undefined,
): readonly string[] {
  const known = typeof section === 'object' && section.allowInsecure === true;
  if (section === undefined || database.kind === 'sqlite' || database.tls || known || isLoopback(database.host)) {
    return [];
  }
  const what = field === 'database' ? 'who may call, and what' : 'what';
  return [
    `${field}: ${what} callers ask and are answered goes to ${database.host} unencrypted. Say tls: true, ` +
      'or allowInsecure: true if the network between is your own.',
  ];
}

/** A database on one line: where it is, and as whom it is come to. */
export function describeDatabase(database: DatabaseConfig): string {
  if (database.kind === 'sqlite') return 'SQLite in the data directory';
  const { host, port, user, tls, database: name } = database;
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return `postgres://${encodeURIComponent(user)}@${place}/${encodeURIComponent(name)}${tls ? ' over TLS' : ''}`;
}

/**
 * The password of the server that a field names, where there is one: from the file, or from a variable of its own.
 *
 * @param said what the file says there, whatever it is
 * @param used some address is named, in the file or in the environment
 */
export function readDatabasePassword(
  field: DatabaseField,
  said: unknown,
  used: boolean,
  source: SecretSource,
): Promise<FoundPassword> {
  if (!used) return Promise.resolve({ secret: NO_SECRET, findings: [], problems: [] });
  return readServerPassword(field, said, PASSWORD_VARIABLE, source);
}
