import * as z from 'zod';
import type { DegradedPolicy } from '../engine/degraded.ts';
import type { FaultKind } from '../engine/fault/fault.ts';
import { age, section, text, timer } from './fields.ts';
import { deepFreeze } from './freeze.ts';
import type { Finding } from './source.ts';
import { formatDuration } from './units.ts';

// What a file says of the rungs that have no targets: what is given when no target answers.

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };
type Path = readonly PropertyKey[];
type Body = Readonly<Record<string, unknown>>;

type StaleSection = Optional<{ maxAge: number; on: readonly FaultKind[] }>;
type JobSection = Optional<{ retryAfter: number; on: readonly FaultKind[] }>;
type CannedSection = Optional<{
  text: string;
  json: unknown;
  bodies: Optional<{ chat: Body; responses: Body; messages: Body; generate: Body; embeddings: Body }>;
  on: readonly FaultKind[];
}>;

/** A rung without targets, by its one key. */
export type DegradedSection =
  | { readonly stale: StaleSection | null }
  | { readonly job: JobSection | null }
  | { readonly canned: CannedSection };

/** Yesterday's answer still helps; last week's is more likely to mislead. */
const DEFAULT_STALE_MS = 86_400_000;

/** How long the holder of a job's placeholder is asked to wait before it looks again. */
const DEFAULT_RETRY_AFTER_MS = 5_000;

const body = z
  .record(z.string(), z.unknown(), { error: 'must be a mapping: the whole body of the answer' })
  .describe('The whole body of the answer to this operation, as it is to be given.');

/** @param kinds a list of those fault kinds with which an attempt can end */
export function degradedField(kinds: z.ZodType<FaultKind[]>): z.ZodType<DegradedSection> {
  const on = kinds
    .describe("Fault kinds after which this rung may answer. Default: the route's fallbackOn.")
    .optional();
  return z.union([
    section({
      stale: section({ maxAge: age('Oldest answer that is still given. Default 1d.').optional(), on })
        .nullable()
        .describe('An earlier answer to the very same request of the same tenant.'),
    }),
    section({
      job: section({
        retryAfter: timer('When the caller is asked to look again. Default 5s.').optional(),
        on,
      })
        .nullable()
        .describe('A placeholder, while the call goes on as a job.'),
    }),
    section({
      canned: section({
        text: text('What the assistant says, in chats and responses.').optional(),
        json: z
          .unknown()
          .describe('What the assistant says, as JSON: for callers who asked for structured output.')
          .optional(),
        bodies: section({
          chat: body.optional(),
          responses: body.optional(),
          messages: body.optional(),
          generate: body.optional(),
          embeddings: body.optional(),
        })
          .describe('Whole bodies of answers, by operation.')
          .optional(),
        on,
      }).describe('A fixed answer.'),
    }),
  ]);
}

/** Whether an entry of a ladder is a rung without targets. */
export function isDegraded(rung: unknown): rung is DegradedSection {
  return typeof rung === 'object' && rung !== null && KEYS.some((key) => key in rung);
}

const KEYS = ['stale', 'job', 'canned'] as const;

export function resolveDegraded(rung: DegradedSection, fallbackOn: ReadonlySet<FaultKind>): DegradedPolicy {
  const onOf = (own: readonly FaultKind[] | undefined): ReadonlySet<FaultKind> =>
    own === undefined ? fallbackOn : new Set(own);
  if ('stale' in rung) {
    return { rung: 'stale', maxAgeMs: rung.stale?.maxAge ?? DEFAULT_STALE_MS, on: onOf(rung.stale?.on) };
  }
  if ('job' in rung) {
    return { rung: 'job', retryAfterMs: rung.job?.retryAfter ?? DEFAULT_RETRY_AFTER_MS, on: onOf(rung.job?.on) };
  }
  const { text: said, json, bodies, on } = rung.canned;
  return {
    rung: 'canned',
    text: said ?? (json === undefined ? null : JSON.stringify(json)),
    bodies: deepFreeze({
      chat: null,
      responses: null,
      messages: null,
      generate: null,
      embeddings: null,
      ...bodies,
    }) as CannedBodies,
    on: onOf(on),
  };
}

type CannedBodies = (DegradedPolicy & { readonly rung: 'canned' })['bodies'];

/** Checks that rungs without targets come last, and that canned ones have something to say. */
export function checkDegraded(path: Path, ladder: readonly unknown[]): Finding[] {
  const first = ladder.findIndex(isDegraded);
  if (first < 0) return [];
  const findings: Finding[] = ladder.flatMap((rung, index) => {
    if (!isDegraded(rung)) return index < first ? [] : [behind([...path, index], first)];
    return 'canned' in rung ? checkCanned([...path, index, 'canned'], rung.canned) : [];
  });
  if (first > 0) return findings;
  const fix = 'Begin the ladder with a target; what is degraded comes last.';
  return [
    { path: [...path, 0], at: 'value', wrong: 'is a degraded answer with no target before it', fix },
    ...findings,
  ];
}

function behind(path: Path, first: number): Finding {
  const fix = 'Move it up: targets first, then stale, job and canned.';
  return { path, at: 'value', wrong: `is a target behind a degraded answer (rung ${first + 1})`, fix };
}

function checkCanned(path: Path, canned: unknown): Finding[] {
  if (typeof canned !== 'object' || canned === null) return [];
  const said = ['text', 'json', 'bodies'].filter((key) => key in canned);
  if (said.length === 0) {
    return [{ path, at: 'value', wrong: 'has nothing to say', fix: 'Give it a text, a json value, or bodies.' }];
  }
  if (!said.includes('text') || !said.includes('json')) return [];
  return [{ path: [...path, 'json'], at: 'key', wrong: 'stands beside text', fix: 'Keep one of them.' }];
}

/** What is said of it on the page of a configuration. */
export function describeDegraded(policy: DegradedPolicy): string {
  switch (policy.rung) {
    case 'stale':
      return `an earlier answer, at most ${formatDuration(policy.maxAgeMs)} old`;
    case 'job':
      return 'a job, with a placeholder meanwhile';
    case 'canned':
      return 'a fixed answer';
  }
}
