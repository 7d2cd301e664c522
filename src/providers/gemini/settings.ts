import { isObject } from '../openai/request.ts';
import type { Loss } from '../translation/loss.ts';
import type { GeminiTraits } from './gemini.ts';
import { enforceable } from './schema.ts';

type Request = Readonly<Record<string, unknown>>;

/** The caller's cap on the answer, within the model's; null where the caller names none. */
export function maxTokensOf(request: Request, cap: number | null, losses: Loss[]): number | null {
  const field = isCount(request['max_completion_tokens']) ? 'max_completion_tokens' : 'max_tokens';
  const asked = request[field];
  if (!isCount(asked)) return null;
  if (cap === null || asked <= cap) return asked;
  losses.push({ field, how: 'changed', why: `this model says at most ${cap} tokens` });
  return cap;
}

/** Settings that both wires have under names of their own. */
const NUMBERS: readonly (readonly [ours: string, theirs: string])[] = [
  ['temperature', 'temperature'],
  ['top_p', 'topP'],
  // Not OpenAI's, but known to many servers that speak its wire.
  ['top_k', 'topK'],
  ['seed', 'seed'],
  ['n', 'candidateCount'],
];

const PENALTIES: readonly (readonly [ours: string, theirs: string])[] = [
  ['presence_penalty', 'presencePenalty'],
  ['frequency_penalty', 'frequencyPenalty'],
];

/** How the answer is drawn. */
export function samplingOf(request: Request, { penalties }: GeminiTraits, losses: Loss[]): Request {
  const out: Record<string, unknown> = {};
  for (const [ours, theirs] of NUMBERS) {
    if (typeof request[ours] === 'number' && !(ours === 'n' && request[ours] === 1)) out[theirs] = request[ours];
  }
  for (const [ours, theirs] of PENALTIES) {
    const asked = request[ours];
    if (typeof asked !== 'number' || asked === 0) continue;
    if (penalties) out[theirs] = asked;
    else losses.push({ field: ours, how: 'dropped', why: 'this model takes no penalties' });
  }
  return out;
}

/** The wire takes no more texts to stop at. */
const MOST_STOPS = 5;

export function stopSequencesOf(stop: unknown, losses: Loss[]): readonly string[] | null {
  const all = (Array.isArray(stop) ? stop : [stop]).filter((text) => typeof text === 'string' && text !== '');
  if (all.length > MOST_STOPS) {
    losses.push({ field: 'stop', how: 'changed', why: `the wire stops at no more than ${MOST_STOPS} texts` });
  }
  return all.length === 0 ? null : all.slice(0, MOST_STOPS);
}

/**
 * The form of the answer, as far as it can be enforced.
 *
 * @param hindered why this request cannot have one; null when it can.
 */
export function formatOf(format: unknown, hindered: string | null, losses: Loss[]): Request {
  if (!isObject(format) || format['type'] === 'text') return {};
  if (hindered !== null) {
    losses.push({ field: 'response_format', how: 'dropped', why: hindered });
    return {};
  }
  const asked = format['json_schema'];
  const schema = isObject(asked) ? asked['schema'] : undefined;
  if (format['type'] !== 'json_schema' || !isObject(schema)) return { responseMimeType: 'application/json' };
  const refused = new Set<string>();
  const responseJsonSchema = enforceable(schema, refused);
  for (const word of refused) {
    const field = `response_format.json_schema.schema.${word}`;
    losses.push({ field, how: 'dropped', why: `schemas are enforced without ${word}` });
  }
  return { responseMimeType: 'application/json', responseJsonSchema };
}

/** OpenAI's tiers that the wire has under a name of its own. */
const TIERS: Readonly<Record<string, string>> = { default: 'standard', flex: 'flex', priority: 'priority' };

export function serviceTierOf(tier: unknown, losses: Loss[]): string | null {
  // What the project is set to, which is what Google does unasked.
  if (typeof tier !== 'string' || tier === 'auto') return null;
  const known = Object.hasOwn(TIERS, tier) ? (TIERS[tier] ?? null) : null;
  if (known === null) losses.push({ field: 'service_tier', how: 'dropped', why: `the wire has no tier ${tier}` });
  return known;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value > 0;
}
