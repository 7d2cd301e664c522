import { isObject } from '../openai/request.ts';
import type { ClaudeTraits } from './claude.ts';
import type { Loss } from '../translation/loss.ts';
import { enforceable } from './schema.ts';
import { unenforced } from './tools.ts';

type Request = Readonly<Record<string, unknown>>;

/** Asked for when the caller names no cap and none is known for the model; every model of 2025 and later takes it. */
const USUAL_CAP = 8192;

/** The cap on the answer, which the wire insists on: the caller's, within the model's, which stands in when there is none. */
export function maxTokensOf(request: Request, cap: number | null, losses: Loss[]): number {
  const field = isCount(request['max_completion_tokens']) ? 'max_completion_tokens' : 'max_tokens';
  const asked = request[field];
  if (!isCount(asked)) return cap ?? USUAL_CAP;
  if (cap === null || asked <= cap) return asked;
  losses.push({ field, how: 'changed', why: `this model says at most ${cap} tokens` });
  return cap;
}

export interface Sampling {
  readonly temperature?: number;
  readonly top_p?: number;
}

/** From here on a `top_p` takes next to nothing away, and models that refuse all others take it. */
const NEARLY_ALL = 0.99;
/** What models that think take at least. */
const THINKING_TOP_P = 0.95;

/** Temperature and `top_p`, as far as the model takes them. */
export function samplingOf(request: Request, traits: ClaudeTraits, thinks: boolean, losses: Loss[]): Sampling {
  const temperature = temperatureOf(request['temperature'], traits, thinks, losses);
  const topP = request['top_p'];
  if (typeof topP !== 'number' || topP === 1) return temperature;
  const least = traits.sampling === 'fixed' ? NEARLY_ALL : thinks ? THINKING_TOP_P : 0;
  const why =
    topP < least
      ? `this model takes ${least} and above`
      : traits.sampling === 'one' && temperature.temperature !== undefined
        ? 'this model takes either a temperature or top_p'
        : null;
  if (why === null) return { ...temperature, top_p: topP };
  losses.push({ field: 'top_p', how: 'dropped', why });
  return temperature;
}

function temperatureOf(asked: unknown, { sampling }: ClaudeTraits, thinks: boolean, losses: Loss[]): Sampling {
  if (typeof asked !== 'number') return {};
  const bound = sampling === 'fixed' || thinks;
  // The default of both wires.
  if (asked === 1) return bound ? {} : { temperature: 1 };
  if (bound) {
    const why = thinks ? 'a model that thinks takes 1 only' : 'this model takes 1 only';
    losses.push({ field: 'temperature', how: 'dropped', why });
    return {};
  }
  if (asked < 1) return { temperature: asked };
  losses.push({ field: 'temperature', how: 'changed', why: 'the wire goes up to 1' });
  return { temperature: 1 };
}

/** Texts at which the answer ends; the wire refuses those that are only blanks. */
export function stopSequencesOf(stop: unknown, losses: Loss[]): readonly string[] | null {
  const all = (Array.isArray(stop) ? stop : [stop]).filter((text) => typeof text === 'string');
  const said = all.filter((text) => text.trim() !== '');
  if (said.length < all.length) {
    losses.push({ field: 'stop', how: 'dropped', why: 'the wire does not stop at blanks and line breaks' });
  }
  return said.length === 0 ? null : said;
}

/** The schema of the answer, as far as it can be enforced. */
export function formatOf(format: unknown, { structured }: ClaudeTraits, losses: Loss[]): Request | null {
  if (!isObject(format) || format['type'] === 'text') return null;
  const asked = format['json_schema'];
  const schema = isObject(asked) ? asked['schema'] : undefined;
  if (format['type'] !== 'json_schema' || !isObject(schema) || !structured) {
    const why = structured ? 'the wire enforces JSON by a schema only' : 'this model does not enforce schemas';
    losses.push({ field: 'response_format', how: 'dropped', why });
    return null;
  }
  const refused = new Set<string>();
  const enforced = enforceable(schema, refused);
  for (const word of refused) losses.push(unenforced('response_format.json_schema.schema', word));
  return { type: 'json_schema', schema: enforced };
}

/** The wire refuses a user who could be known by it: an e-mail address or a telephone number. */
const PERSONAL = /@|^\+?[\d\s().-]{7,}$/;
const LONGEST_USER = 256;

/** Who the caller's own user is, for the provider to tell one who abuses it from the others. */
export function userOf(request: Request, losses: Loss[]): string | null {
  const field = typeof request['safety_identifier'] === 'string' ? 'safety_identifier' : 'user';
  const user = request[field];
  if (typeof user !== 'string' || user === '') return null;
  if (user.length <= LONGEST_USER && !PERSONAL.test(user)) return user;
  losses.push({ field, how: 'dropped', why: 'the wire takes up to 256 characters that name no person' });
  return null;
}

/** OpenAI's tiers that the wire has under a name of its own. */
const TIERS: Readonly<Record<string, string>> = { auto: 'auto', default: 'standard_only' };

export function serviceTierOf(tier: unknown, losses: Loss[]): string | null {
  if (typeof tier !== 'string') return null;
  const known = TIERS[tier] ?? null;
  if (known === null) losses.push({ field: 'service_tier', how: 'dropped', why: `the wire has no tier ${tier}` });
  return known;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value > 0;
}
