import * as z from 'zod';
import { type AddressFault, isLoopback, isMetadata, parseUrl } from './addresses.ts';
import { flag, id, secretReference, section, text, timer, whole } from './fields.ts';
import { HeldSecret, NO_SECRET, type Secret } from './secrets.ts';

/** Where use is counted. */
export type CountersConfig = { readonly kind: 'memory' } | RedisConfig;

export interface RedisConfig {
  readonly kind: 'redis';
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly database: number;
  readonly username: string | null;
  readonly password: Secret;
  /** Begins every key. */
  readonly prefix: string;
  /** Longest that a call waits for an answer. */
  readonly deadlineMs: number;
  /** Processes that share the limits at least. */
  readonly replicas: number;
}

/** What `counters` says in the file, when it says more than an address. */
export interface CountersSection {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly prefix?: string | undefined;
  readonly deadline?: number | undefined;
  readonly replicas?: number | undefined;
  readonly allowInsecure?: boolean | undefined;
}

/** Holds the password where no section names another place: an address is shown, a password never. */
const PASSWORD_VARIABLE = 'HOLDFAST_COUNTERS_PASSWORD';

const DEFAULT_PORT = 6379;

const WRITE_ADDRESS = 'Write memory, redis://HOST:6379/0, or rediss://HOST:6379/0 for TLS.';

/**
 * Checks what names the counters; null when it can be used. The text is never quoted back, since passwords are often
 * pasted into addresses.
 */
export function countersFault(written: string): AddressFault | null {
  return written === 'memory' ? null : redisFault(written);
}

/** Judges the address of a Redis server as that of any other server that Holdfast is sent to. */
function redisFault(written: string): AddressFault | null {
  const [url, web] = bothReadings(written);
  if (url === null || web === null || web.hostname === '') {
    return { wrong: 'is not the address of a Redis server', fix: WRITE_ADDRESS };
  }
  if (url.username !== '' || url.password !== '') {
    const fix = `Take them out. Name the user in counters.username and the place of the password in counters.password, or set ${PASSWORD_VARIABLE}.`;
    return { wrong: 'carries credentials; they are not shown here', fix };
  }
  if (url.search !== '' || url.hash !== '') {
    return { wrong: 'carries a query or a fragment', fix: 'Keep only what comes before the ? or #.' };
  }
  if (!/^\/?(?:\d{1,4})?$/.test(url.pathname)) {
    return { wrong: 'names a database that is no number', fix: 'End the address in the number, such as /0.' };
  }
  if (url.port === '0') return { wrong: 'has port 0', fix: 'Write the port that the server listens on.' };
  if (isMetadata(web.hostname)) {
    const wrong = 'points at a cloud metadata service, which hands out the credentials of the machine';
    return { wrong, fix: "Write the Redis server's own address." };
  }
  return null;
}

const address = (description: string, fault: (written: string) => AddressFault | null): z.ZodType<string, string> =>
  z
    .string({ error: 'must be text' })
    .superRefine((written, context) => {
      const found = fault(written);
      if (found !== null) context.addIssue({ code: 'custom', message: found.wrong, params: { fix: found.fix } });
    })
    .meta({ description, examples: ['redis://127.0.0.1:6379/0', 'rediss://redis.example.com:6380/0'] });

/** The shape of `counters` in the file. */
export const countersField: z.ZodType<string | CountersSection> = z
  .union(
    [
      address('memory, or the address of a Redis or Valkey server.', countersFault),
      section({
        url: address('Address of a Redis or Valkey server: redis://HOST:6379/0, rediss:// for TLS.', redisFault),
        username: text("User of the server. Default: the server's default user.").optional(),
        password: secretReference(
          `Where the password is. Default env:${PASSWORD_VARIABLE}, if that is set.`,
        ).optional(),
        prefix: id(
          'Begins every key; installations that do not share their limits take different ones. Default holdfast.',
        ).optional(),
        deadline: timer(
          'Longest that a call waits for an answer before it is decided without. Default 50ms.',
        ).optional(),
        replicas: whole(
          'Processes that share the limits at least. Default 1; they also find each other.',
          1,
          10_000,
        ).optional(),
        allowInsecure: flag('The network to a server without TLS is your own: no warning. Default false.').optional(),
      }),
    ],
    { error: 'must be memory, the address of a Redis server, or a mapping with url' },
  )
  .describe(
    'Where use is counted. Default memory; replicas share their limits through Redis. HOLDFAST_COUNTERS goes before it.',
  );

/** Fills in what was left out. @param section has been checked. */
export function resolveCounters(section: string | CountersSection | undefined, password: Secret): CountersConfig {
  const said: CountersSection = typeof section === 'object' ? section : { url: section ?? 'memory' };
  const { url } = said;
  if (url === 'memory') return { kind: 'memory' };
  const [address, web] = bothReadings(url);
  if (address === null || web === null) throw new Error('the address of the counters was not checked');
  return {
    kind: 'redis',
    host: web.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: address.port === '' ? DEFAULT_PORT : Number(address.port),
    tls: address.protocol === 'rediss:',
    database: Number(address.pathname.slice(1)),
    username: said.username ?? null,
    password,
    prefix: said.prefix ?? 'holdfast',
    deadlineMs: said.deadline ?? 50,
    replicas: said.replicas ?? 1,
  };
}

/** What is allowed and yet worth a line at start-up. */
export function countersWarnings(
  counters: CountersConfig,
  section: string | CountersSection | undefined,
): readonly string[] {
  const known = typeof section === 'object' && section.allowInsecure === true;
  if (counters.kind === 'memory' || counters.tls || known || isLoopback(counters.host)) return [];
  const carried = counters.password.kind === 'held' ? 'its password and the names of tenants' : 'the names of tenants';
  return [
    `counters: ${carried} go to ${counters.host} unencrypted. Use rediss://, ` +
      'or say allowInsecure: true in counters if the network between is your own.',
  ];
}

/** The reference of the password: as the file has it, or the variable of its own where that is set. */
export function passwordReference(
  said: unknown,
  env: Readonly<Record<string, string | undefined>>,
): { readonly written: string; readonly variable: string | null } {
  const written = typeof said === 'object' && said !== null && 'password' in said ? said.password : null;
  if (typeof written === 'string') return { written, variable: null };
  const isSet = (env[PASSWORD_VARIABLE] ?? '') !== '';
  return isSet
    ? { written: `env:${PASSWORD_VARIABLE}`, variable: PASSWORD_VARIABLE }
    : { written: 'none', variable: null };
}

/** The password that was found; none, where there is none or a caller would have to send it. */
export function passwordOf(found: Secret | object): Secret {
  return found instanceof HeldSecret ? found : NO_SECRET;
}

/**
 * The address as it stands, and read as a web address: only of those does a URL bring every spelling of a host to one
 * form, on which it can be judged.
 */
function bothReadings(written: string): [address: URL | null, web: URL | null] {
  if (!/^rediss?:\/\//i.test(written)) return [null, null];
  return [parseUrl(written), parseUrl(written.replace(/^rediss?:/i, 'http:'))];
}
