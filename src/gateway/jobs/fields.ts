import * as z from 'zod';
import { checkAgainst } from '../../config/check.ts';
import { age, section, whole } from '../../config/fields.ts';
import { fieldName } from '../../config/problem.ts';
import { parseJson } from '../../engine/parse-json.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import { JOB_STATUSES, type JobStatus } from '../../jobs/job.ts';
import { badField } from './refusals.ts';

/** What `POST /v1/jobs` takes. */
export interface AskedJob {
  readonly endpoint: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** ms from now. */
  readonly deadline?: number | undefined;
  readonly priority?: number | undefined;
  readonly attempts?: number | undefined;
  readonly webhook?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

const ENDPOINTS: readonly string[] = ['/v1/chat/completions', '/v1/responses', '/v1/embeddings', '/v1/messages'];

/** A job is kept until its deadline: beyond this a slip in the unit is likelier than a plan. */
const LONGEST_DEADLINE_MS = 30 * 86_400_000;

/** As OpenAI bounds the metadata of its own objects. */
const METADATA = { pairs: 16, key: 64, value: 512 } as const;

const askedJob: z.ZodType<AskedJob> = section({
  endpoint: z
    .string({ error: `must be one of ${ENDPOINTS.join(', ')}` })
    .superRefine((written, context) => {
      if (ENDPOINTS.includes(written)) return;
      const fix = `Write one of ${ENDPOINTS.join(', ')}.`;
      context.addIssue({ code: 'custom', message: 'names nothing that can be a job', params: { fix } });
    })
    .describe('Where the body would have been sent.'),
  body: z
    .record(z.string(), z.unknown(), { error: 'must be an object: the request itself' })
    .describe('The request, as the endpoint takes it.'),
  deadline: age('When the job is given up, from now: 10m, 2h, or a number of milliseconds; at most 30d.')
    .refine((ms) => ms <= LONGEST_DEADLINE_MS, {
      error: 'is too far away',
      params: { fix: 'It must not be longer than 30d.' },
    })
    .optional(),
  priority: whole('Higher goes first. Default 0.', -1_000, 1_000).optional(),
  attempts: whole('How often it is tried. Default: as the gateway is set.', 1, 100).optional(),
  webhook: z
    .string({ error: 'must be a URL' })
    .max(2_048, { error: 'is longer than 2048 characters' })
    .describe('Told of its ending.')
    .optional(),
  metadata: z
    .record(
      z.string().max(METADATA.key, { error: `must be at most ${METADATA.key} characters long` }),
      z.string({ error: 'must be text' }).max(METADATA.value, { error: `is longer than ${METADATA.value} characters` }),
      { error: 'must be an object with texts' },
    )
    .refine((pairs) => Object.keys(pairs).length <= METADATA.pairs, {
      error: `has more than ${METADATA.pairs} members`,
    })
    .describe('Kept with the job and given back with it.')
    .optional(),
});

/** Reads the body of `POST /v1/jobs`. */
export function readAskedJob(bytes: Uint8Array | null): AskedJob | { readonly fault: Fault } {
  let value: unknown;
  try {
    value = parseJson(
      bytes === null ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
    );
  } catch {
    return {
      fault: badField('the body is not JSON', null, 'Send {"endpoint": "/v1/chat/completions", "body": {...}}.'),
    };
  }
  const checked = checkAgainst(askedJob, value);
  if (checked.good) return checked.value;
  const [first] = checked.findings;
  const said = checked.findings.map(({ path, wrong, fix }) =>
    `${fieldName(path) || 'the body'} ${wrong}. ${fix}`.trim(),
  );
  const field = first === undefined ? null : fieldName(first.path) || null;
  return {
    fault: badField(`the job cannot be taken: ${said.join(' ')}`, field, 'Correct what is named; see docs/jobs.md.'),
  };
}

/** What `GET /v1/jobs` takes. */
export interface AskedList {
  readonly status: JobStatus | null;
  readonly after: string | null;
  readonly most: number;
}

const MOST_PER_PAGE = 100;

export function readAskedList(query: URLSearchParams): AskedList | { readonly fault: Fault } {
  const status = query.get('status');
  const limit = query.get('limit') ?? '20';
  if (status !== null && !JOB_STATUSES.includes(status as JobStatus)) {
    return { fault: badField('status: there is no such state', 'status', `Take one of ${JOB_STATUSES.join(', ')}.`) };
  }
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > MOST_PER_PAGE) {
    return {
      fault: badField(`limit must be a whole number from 1 to ${MOST_PER_PAGE}`, 'limit', 'Leave it out for 20.'),
    };
  }
  return { status: status as JobStatus | null, after: query.get('after'), most: Number(limit) };
}
