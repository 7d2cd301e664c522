import * as z from 'zod';
import { type AddressFault, isMetadata, parseUrl } from './addresses.ts';
import type { Problem } from './problem.ts';
import type { SecretSource } from './secret-stores/store.ts';
import { HeldSecret, isSecret, NO_SECRET, readSecret, type Secret, secretReferenceFault } from './secrets.ts';
import type { Finding } from './source.ts';

// What the addresses of servers that keep something have in common, and their passwords: PostgreSQL, Redis.

/** An address in two readings: only of web addresses does a URL bring every spelling of a host to one form, to be judged by. */
export interface ServerAddress {
  readonly url: URL;
  /** As it would be sent to: without the brackets that an IPv6 address wears in a URL. */
  readonly host: string;
  /** null: it names none. */
  readonly port: number | null;
}

/** Reads an address of such a server. @param scheme what it begins with, before `://` @returns null: it is none */
export function readServerAddress(written: string, scheme: RegExp): ServerAddress | null {
  const [begins = '', rest] = written.split('://', 2);
  if (rest === undefined || !scheme.test(begins)) return null;
  const url = parseUrl(written);
  const web = parseUrl(`http://${written.slice(begins.length + '://'.length)}`);
  if (url === null || web === null || web.hostname === '') return null;
  const host = web.hostname.replace(/^\[(.*)\]$/, '$1');
  return { url, host, port: url.port === '' ? null : Number(url.port) };
}

/** What is wrong with an address of whatever server. @param server what it is called @param queryFix what to write in place of a query */
export function serverFault({ url, host, port }: ServerAddress, server: string, queryFix: string): AddressFault | null {
  if (url.search !== '' || url.hash !== '') return { wrong: 'carries a query or a fragment', fix: queryFix };
  if (port === 0) return { wrong: 'has port 0', fix: 'Write the port that the server listens on.' };
  if (isMetadata(host)) {
    const wrong = 'points at a cloud metadata service, which hands out the credentials of the machine';
    return { wrong, fix: `Write the ${server} server's own address.` };
  }
  return null;
}

/** A field that holds an address. It is never quoted back, since passwords are often pasted into addresses. */
export function addressField(
  description: string,
  examples: readonly string[],
  fault: (written: string) => AddressFault | null,
): z.ZodType<string, string> {
  return z
    .string({ error: 'must be text' })
    .superRefine((written, context) => {
      const found = fault(written);
      if (found !== null) context.addIssue({ code: 'custom', message: found.wrong, params: { fix: found.fix } });
    })
    .meta({ description, examples: [...examples] });
}

/** A password that was looked for, and what is wrong with where it was said to be. */
export interface FoundPassword {
  readonly secret: Secret;
  /** In the file. */
  readonly findings: Finding[];
  /** In the environment. */
  readonly problems: Problem[];
}

/**
 * The password of a server: from where the file says, else from a variable of its own, if that is set.
 *
 * @param field the section of the server, such as `jobs.database`
 * @param said what the file says there, whatever it is
 */
export async function readServerPassword(
  field: string,
  said: unknown,
  variable: string,
  source: SecretSource,
): Promise<FoundPassword> {
  const nothing: FoundPassword = { secret: NO_SECRET, findings: [], problems: [] };
  const named = memberOf(said, 'password');
  const isSet = (source.env[variable] ?? '') !== '';
  const written = typeof named === 'string' ? named : isSet ? `env:${variable}` : 'none';
  if (secretReferenceFault(written) !== null) return nothing;
  const found = await readSecret(written, source);
  // A password that a caller would have to send is none.
  const secret = found instanceof HeldSecret ? found : NO_SECRET;
  const fault = isSecret(found) ? (found.kind === 'held' ? found.missing : null) : found;
  if (fault === null) return { ...nothing, secret };
  if (typeof named === 'string') {
    return { ...nothing, secret, findings: [{ path: [...field.split('.'), 'password'], at: 'value', ...fault }] };
  }
  return { ...nothing, secret, problems: [{ place: { kind: 'environment' }, field: variable, ...fault }] };
}

/** A member of what may be a mapping. */
export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
