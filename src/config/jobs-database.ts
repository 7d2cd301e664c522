import * as z from 'zod';
import { type AddressFault, isLoopback, isMetadata, parseUrl } from './addresses.ts';
import { flag, secretReference, section } from './fields.ts';
import { HeldSecret, NO_SECRET, readSecret, type Secret, secretReferenceFault } from './secrets.ts';
import { isSecret } from './secrets.ts';
import type { Problem } from './problem.ts';
import type { SecretSource } from './secret-stores/store.ts';
import type { Finding } from './source.ts';

/** Where jobs are kept: in the data directory, or in PostgreSQL, where several gateways work one queue. */
export type JobsDatabase = { readonly kind: 'sqlite' } | PostgresConfig;

interface PostgresConfig {
  readonly kind: 'postgres';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: Secret;
  readonly tls: boolean;
}

/** What `jobs.database` says in the file, when it says more than an address. */
interface DatabaseSection {
  readonly url: string;
  readonly password?: string | undefined;
  readonly tls?: boolean | undefined;
  readonly allowInsecure?: boolean | undefined;
}

export type JobsDatabaseSection = string | DatabaseSection;

/** Holds the password where no section names another place: an address is shown, a password never. */
const PASSWORD_VARIABLE = 'HOLDFAST_DATABASE_PASSWORD';

const DEFAULT_PORT = 5432;

const WRITE_ADDRESS = 'Write postgres://USER@HOST:5432/DATABASE.';

/** Judges the address of a PostgreSQL server. The text is never quoted back, since passwords are often pasted into addresses. */
function postgresFault(written: string): AddressFault | null {
  const [url, web] = bothReadings(written);
  if (url === null || web === null || web.hostname === '') {
    return { wrong: 'is not the address of a PostgreSQL server', fix: WRITE_ADDRESS };
  }
  if (url.password !== '') {
    const fix = `Take it out. Name its place in jobs.database.password, or set ${PASSWORD_VARIABLE}.`;
    return { wrong: 'carries a password; it is not shown here', fix };
  }
  if (url.username === '') return { wrong: 'names no user', fix: WRITE_ADDRESS };
  if (!/^\/[^/]+$/.test(url.pathname)) return { wrong: 'names no database', fix: WRITE_ADDRESS };
  if (url.search !== '' || url.hash !== '') {
    return {
      wrong: 'carries a query or a fragment',
      fix: 'Keep what comes before it; TLS is asked for with tls: true.',
    };
  }
  if (url.port === '0') return { wrong: 'has port 0', fix: 'Write the port that the server listens on.' };
  if (isMetadata(web.hostname)) {
    const wrong = 'points at a cloud metadata service, which hands out the credentials of the machine';
    return { wrong, fix: "Write the PostgreSQL server's own address." };
  }
  return null;
}

const address: z.ZodType<string, string> = z
  .string({ error: 'must be text' })
  .superRefine((written, context) => {
    const found = postgresFault(written);
    if (found !== null) context.addIssue({ code: 'custom', message: found.wrong, params: { fix: found.fix } });
  })
  .meta({
    description: 'Address of a PostgreSQL server: postgres://USER@HOST:5432/DATABASE.',
    examples: ['postgres://holdfast@db.example.com:5432/holdfast'],
  });

/** The shape of `jobs.database` in the file. */
export const jobsDatabaseField: z.ZodType<JobsDatabaseSection> = z
  .union(
    [
      address,
      section({
        url: address,
        password: secretReference(
          `Where the password is. Default env:${PASSWORD_VARIABLE}, if that is set.`,
        ).optional(),
        tls: flag("Connect over TLS, checking the server's certificate. Default false.").optional(),
        allowInsecure: flag('The network to a server without TLS is your own: no warning. Default false.').optional(),
      }),
    ],
    { error: 'must be the address of a PostgreSQL server, or a mapping with url' },
  )
  .describe('Where jobs are kept. Default: in the data directory; several gateways share jobs through PostgreSQL.');

/** Fills in what was left out. @param section has been checked. */
export function resolveJobsDatabase(section: JobsDatabaseSection | undefined, password: Secret): JobsDatabase {
  if (section === undefined) return { kind: 'sqlite' };
  const { url: written, tls = false } = typeof section === 'object' ? section : { url: section };
  const [url, web] = bothReadings(written);
  if (url === null || web === null) throw new Error('the address of the database was not checked');
  return {
    kind: 'postgres',
    host: web.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    database: decodeURIComponent(url.pathname.slice(1)),
    user: decodeURIComponent(url.username),
    password,
    tls,
  };
}

/** What is allowed and yet worth a line at start-up. */
export function jobsDatabaseWarnings(
  database: JobsDatabase,
  section: JobsDatabaseSection | undefined,
): readonly string[] {
  const known = typeof section === 'object' && section.allowInsecure === true;
  if (database.kind === 'sqlite' || database.tls || known || isLoopback(database.host)) return [];
  return [
    `jobs.database: what callers ask and are answered goes to ${database.host} unencrypted. Say tls: true, ` +
      'or allowInsecure: true if the network between is your own.',
  ];
}

/** The password of the server, where there is one: from the file, or from a variable of its own. */
export async function readDatabasePassword(
  value: unknown,
  source: SecretSource,
): Promise<{ secret: Secret; findings: Finding[]; problems: Problem[] }> {
  const nothing = { secret: NO_SECRET, findings: [], problems: [] };
  const said = member(member(value, 'jobs'), 'database');
  if (said === undefined) return nothing;
  const named = member(said, 'password');
  const isSet = (source.env[PASSWORD_VARIABLE] ?? '') !== '';
  const written = typeof named === 'string' ? named : isSet ? `env:${PASSWORD_VARIABLE}` : 'none';
  if (secretReferenceFault(written) !== null) return nothing;
  const found = await readSecret(written, source);
  const secret = found instanceof HeldSecret ? found : NO_SECRET;
  const fault = isSecret(found) ? (found.kind === 'held' ? found.missing : null) : found;
  if (fault === null) return { ...nothing, secret };
  if (typeof named === 'string') {
    return { ...nothing, secret, findings: [{ path: ['jobs', 'database', 'password'], at: 'value', ...fault }] };
  }
  return { ...nothing, secret, problems: [{ place: { kind: 'environment' }, field: PASSWORD_VARIABLE, ...fault }] };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** The address as it stands, and as a web address: only of those does a URL bring every spelling of a host to one form. */
function bothReadings(written: string): [address: URL | null, web: URL | null] {
  if (!/^postgres(?:ql)?:\/\//i.test(written)) return [null, null];
  return [parseUrl(written), parseUrl(written.replace(/^postgres(?:ql)?:/i, 'http:'))];
}
