import { isIP } from 'node:net';
import * as z from 'zod';
import { addressFault, parseUrl } from './addresses.ts';
import { looksLikeKey } from './secret-stores/text.ts';
import { secretReferenceFault } from './secrets.ts';
import { suggest, suggestOrList } from './suggest.ts';
import { DURATION_PATTERN, parseDuration, parseSize, SIZE_PATTERN } from './units.ts';

// The kinds of value that stand in a configuration file. Each says what it expects in its own words: a message is
// `what is wrong`, and a fix travels beside it in `params` where one is known.

/** Longest that a timer can be asked to run: beyond it a slip in the unit is likelier than a plan. */
const LONGEST_TIMER_MS = 86_400_000;

/** A mapping whose keys are all known. Its message has one line for each unknown key, in the order of `keys`. */
export function section<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  elsewhere: Readonly<Record<string, string>> = {},
): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'invalid_type') return 'must be a mapping of fields';
      if (issue.code !== 'unrecognized_keys') return undefined;
      return issue.keys.map((key) => unknownKeyFix(key, Object.keys(shape), elsewhere)).join('\n');
    },
  });
}

function unknownKeyFix(key: string, known: readonly string[], elsewhere: Readonly<Record<string, string>>): string {
  const place = Object.hasOwn(elsewhere, key) ? elsewhere[key] : undefined;
  if (place !== undefined && suggest(key, known) === null) return place;
  return suggestOrList(key, known);
}

const NOT_A_DURATION = 'must be a duration: 250ms, 5s, 2m, 1h, 30d, or a number of milliseconds';
const NOT_A_SIZE = 'must be a size: 64KiB, 10MB, 1GiB, or a number of bytes';

const durationText = z.union([z.number(), z.string().regex(DURATION_PATTERN, { error: NOT_A_DURATION })], {
  error: NOT_A_DURATION,
});

/** A duration of a timer, as milliseconds: longer than nothing, at most a day. */
export function timer(description: string): z.ZodType<number, string | number> {
  return durationText
    .transform((written, context) => {
      const ms = parseDuration(written) ?? 0;
      if (ms > 0 && ms <= LONGEST_TIMER_MS) return ms;
      context.addIssue(ms > 0 ? 'must not be longer than 1d' : 'must be longer than nothing');
      return z.NEVER;
    })
    .describe(description);
}

/** A duration of any length, as milliseconds. */
export function age(description: string): z.ZodType<number, string | number> {
  return durationText
    .transform((written, context) => {
      const ms = parseDuration(written) ?? 0;
      if (ms > 0) return ms;
      context.addIssue('must be longer than nothing');
      return z.NEVER;
    })
    .describe(description);
}

/** A day, as the moment it begins (UTC), ms since 1970. */
export function date(description: string): z.ZodType<number, string> {
  return z
    .string({ error: NOT_A_DATE })
    .regex(/^\d{4}-\d{2}-\d{2}$/, { error: NOT_A_DATE })
    .transform((written, context) => {
      const ms = Date.parse(`${written}T00:00:00Z`);
      if (Number.isFinite(ms)) return ms;
      context.addIssue('is no day of the calendar');
      return z.NEVER;
    })
    .describe(description);
}

const NOT_A_DATE = 'must be a day such as 2027-01-31, in quotation marks';

/** A size, as bytes. */
export function size(description: string, least: number): z.ZodType<number, string | number> {
  return z
    .union([z.number(), z.string().regex(SIZE_PATTERN, { error: NOT_A_SIZE })], { error: NOT_A_SIZE })
    .transform((written, context) => {
      const bytes = parseSize(written) ?? 0;
      if (bytes >= least && bytes <= Number.MAX_SAFE_INTEGER) return bytes;
      context.addIssue(`must be at least ${least} bytes`);
      return z.NEVER;
    })
    .describe(description);
}

export function whole(description: string, least: number, most: number): z.ZodNumber {
  return z
    .int({ error: `must be a whole number from ${least} to ${most}` })
    .min(least, { error: `must be at least ${least}` })
    .max(most, { error: `must be at most ${most}` })
    .describe(description);
}

export function amount(description: string, least: number, most: number): z.ZodNumber {
  return z
    .number({ error: `must be a number from ${least} to ${most}` })
    .min(least, { error: `must be at least ${least}` })
    .max(most, { error: `must be at most ${most}` })
    .describe(description);
}

/** A number above zero. */
export function positive(description: string): z.ZodNumber {
  return z
    .number({ error: 'must be a number above 0' })
    .positive({ error: 'must be above 0' })
    .max(1_000_000, { error: 'must be at most 1000000' })
    .describe(description);
}

/** Beyond these, shares would differ so much that whoever has the smaller one waits for ever. */
export function shareWeight(description: string): z.ZodNumber {
  return amount(description, 0.001, 1_000_000);
}

export function flag(description: string): z.ZodBoolean {
  return z.boolean({ error: 'must be true or false' }).describe(description);
}

/** Text on one line that is not empty. */
export function text(description: string): z.ZodString {
  return z
    .string({ error: 'must be text' })
    .regex(/^[ -~\u00a0-\uffff]*[!-~\u00a1-\uffff][ -~\u00a0-\uffff]*$/, {
      error: 'must be text on one line, not empty',
    })
    .describe(description);
}

/** Ids stand in headers, records and metrics, so they keep to plain characters. */
export function id(description: string): z.ZodString {
  return z
    .string({ error: 'must be text' })
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
      error: 'must be at most 64 letters, digits, dots, hyphens or underscores, beginning with a letter or digit',
    })
    .describe(description);
}

/** A provider's base URL; plain http to another machine is judged where `allowInsecure` is known. */
export function address(description: string): z.ZodType<string, string> {
  return z
    .string({ error: 'must be a URL' })
    .superRefine((written, context) => {
      const fault = addressFault(written, true, '');
      if (fault !== null) context.addIssue({ code: 'custom', message: fault.wrong, params: { fix: fault.fix } });
    })
    .meta({ description, format: 'uri' });
}

/** An Azure resource's endpoint: what comes before `/openai`. */
export function azureAddress(description: string): z.ZodType<string, string> {
  return address(description).refine((written) => !/\/deployments\//.test(parseUrl(written)?.pathname ?? ''), {
    error: 'is the URL of a deployment',
    params: {
      fix: "Write the resource's endpoint, such as https://NAME.openai.azure.com, and name the deployment in deployment.",
    },
  });
}

/** A reference to a secret, never the secret. */
export function secretReference(description: string): z.ZodType<string, string> {
  return z
    .string({ error: 'must be a reference to a secret: env:NAME, file:/path, none, or caller' })
    .superRefine((written, context) => {
      const fault = secretReferenceFault(written);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault.wrong, params: { fix: fault.fix } });
    })
    .meta({ description, examples: ['env:OPENAI_API_KEY', 'file:/run/secrets/openai', 'none', 'caller'] });
}

/** Headers that the line itself writes, or that carry a secret. */
const OWN_HEADERS = new Set([
  'authorization',
  'api-key',
  'x-api-key',
  'proxy-authorization',
  'cookie',
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'expect',
]);

/** Extra request headers. Values stand in the file in the open, so nothing secret may. */
export function headers(description: string): z.ZodType<Record<string, string>, Record<string, string>> {
  const value = z
    .string({ error: 'must be text' })
    .regex(/^[\t\u0020-\u007e]*$/, { error: 'must be printable ASCII on one line' })
    .refine((written) => !looksLikeKey(written), {
      error: 'holds a secret; it is not shown here',
      params: { fix: 'Name the secret in key instead. If this was a real key, replace it at the provider.' },
    });
  return z
    .record(z.string(), value, { error: 'must be a mapping of header names to values' })
    .superRefine((written, context) => {
      for (const name of Object.keys(written)) {
        const fault = headerNameFault(name);
        if (fault === null) continue;
        context.addIssue({ code: 'custom', path: [name], message: fault.wrong, params: { fix: fault.fix } });
      }
    })
    .describe(description);
}

function headerNameFault(name: string): { wrong: string; fix: string } | null {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
    return { wrong: 'is not a header name', fix: 'Use letters, digits and hyphens.' };
  }
  if (!OWN_HEADERS.has(name.toLowerCase())) return null;
  return { wrong: 'is a header that Holdfast writes itself', fix: 'Remove it; a secret belongs in key.' };
}

/** Addresses and CIDR ranges. */
export function addressRanges(description: string): z.ZodArray<z.ZodString> {
  const range = z.string({ error: 'must be text' }).refine(isRange, {
    error: 'must be an address or a range, such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32',
  });
  return z.array(range, { error: 'must be a list of addresses and ranges' }).describe(description);
}

function isRange(written: string): boolean {
  const [address = '', bits = '0', ...more] = written.split('/');
  const version = isIP(address);
  return version !== 0 && more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}
