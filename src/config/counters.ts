import * as z from 'zod';
import { type AddressFault, isLoopback } from './addresses.ts';
import { flag, id, secretReference, section, text, timer, whole } from './fields.ts';
import type { SecretSource } from './secret-stores/store.ts';
import type { Secret } from './secrets.ts';
import {
  addressField,
  type FoundPassword,
  readServerAddress,
  readServerPassword,
  serverFault,
} from './server-address.ts';

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

const SCHEME = /^rediss?$/i;

const EXAMPLES = ['redis://127.0.0.1:6379/0', 'rediss://redis.example.com:6380/0'];

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
  const address = readServerAddress(written, SCHEME);
  if (address === null) return { wrong: 'is not the address of a Redis server', fix: WRITE_ADDRESS };
  const { url } = address;
  if (url.username !== '' || url.password !== '') {
    const fix = `Take them out. Name the user in counters.username and the place of the password in counters.password, or set ${PASSWORD_VARIABLE}.`;
    return { wrong: 'carries credentials; they are not shown here', fix };
  }
  if (!/^\/?(?:\d{1,4})?$/.test(url.pathname)) {
    return { wrong: 'names a database that is no number', fix: 'End the address in the number, such as /0.' };
  }
  return serverFault(address, 'Redis', 'Keep only what comes before the ? or #.');
}

/** The shape of `counters` in the file. */
export const countersField: z.ZodType<string | CountersSection> = z
  .union(
    [
      addressField('memory, or the address of a Redis or Valkey server.', EXAMPLES, countersFault),
      section({
        url: addressField(
          'Address of a Redis or Valkey server: redis://HOST:6379/0, rediss:// for TLS.',
          EXAMPLES,
          redisFault,
        ),
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
  const address = readServerAddress(url, SCHEME);
  if (address === null) throw new Error('the address of the counters was not checked');
  return {
    kind: 'redis',
    host: address.host,
    port: address.port ?? DEFAULT_PORT,
    tls: address.url.protocol === 'rediss:',
    database: Number(address.url.pathname.slice(1)),
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

/** The password of the server, where there is one: from the file, or from a variable of its own. @param said what the file says there */
export function readCountersPassword(said: unknown, source: SecretSource): Promise<FoundPassword> {
  return readServerPassword('counters', said, PASSWORD_VARIABLE, source);
}
