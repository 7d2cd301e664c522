import { modelFacts } from '../../catalogue/catalogue.ts';
import { parametersOf } from '../../openai/parameters.ts';
import { isObject } from '../../openai/request.ts';
import type { ChatFacts, JsonObject } from '../../translation/caller-wire.ts';
import type { Loss } from '../../translation/loss.ts';
import { canBeStrict } from './strict.ts';

/** OpenAI takes no more than this many texts that end an answer. */
const MOST_STOPS = 4;

/** How an answer is to be made: caps, chances, ends and form. */
export function chatSettings(request: JsonObject, { model, cap }: ChatFacts, losses: Loss[]): JsonObject {
  const { max_tokens: maxTokens, metadata, stream } = request;
  const user = isObject(metadata) ? metadata['user_id'] : undefined;
  return {
    ...(typeof maxTokens === 'number' ? { [cap]: maxTokens } : {}),
    ...sampling(request, model, losses),
    ...stops(request, model, losses),
    ...effort(request, model, losses),
    ...form(request),
    ...tier(request),
    ...(typeof user === 'string' && user !== '' ? { user } : {}),
    ...(stream === true ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

function sampling({ temperature, top_p: topP }: JsonObject, model: string, losses: Loss[]): JsonObject {
  const asked = { temperature, top_p: topP };
  const said = Object.entries(asked).filter(([, value]) => typeof value === 'number' && value !== 1);
  if ((parametersOf(model)?.sampling ?? 'free') === 'free') return Object.fromEntries(said);
  const why = 'this model takes 1 only';
  losses.push(...said.map(([field]): Loss => ({ field, how: 'dropped', why })));
  return {};
}

function stops({ stop_sequences: stop }: JsonObject, model: string, losses: Loss[]): JsonObject {
  if (!Array.isArray(stop) || stop.length === 0) return {};
  if (parametersOf(model)?.stop === false) {
    losses.push({ field: 'stop_sequences', how: 'dropped', why: 'this model takes none' });
    return {};
  }
  if (stop.length > MOST_STOPS) {
    losses.push({ field: 'stop_sequences', how: 'changed', why: `the chat wire takes ${MOST_STOPS} at most` });
  }
  return { stop: stop.slice(0, MOST_STOPS) };
}

/** Tokens to think with as an effort; the steps are those by which efforts become budgets the other way round. */
const EFFORTS: readonly (readonly [budget: number, effort: string])[] = [
  [16_384, 'high'],
  [4096, 'medium'],
  [0, 'low'],
];

function effort({ thinking, output_config: output }: JsonObject, model: string, losses: Loss[]): JsonObject {
  const { type, budget_tokens: budget } = isObject(thinking) ? thinking : {};
  const asked = isObject(output) && typeof output['effort'] === 'string' ? output['effort'] : null;
  const thinks = type === 'enabled' || type === 'adaptive';
  if (!thinks && asked === null) return {};
  const field = thinks ? 'thinking' : 'output_config.effort';
  const takes = parametersOf(model);
  if (takes?.reasoning !== true && modelFacts(model)?.reasoning !== true) {
    losses.push({ field, how: 'dropped', why: 'this model is not known to think' });
    return {};
  }
  const wanted = asked ?? EFFORTS.find(([least]) => typeof budget === 'number' && budget >= least)?.[1] ?? 'medium';
  const known = takes?.efforts ?? ['low', 'medium', 'high'];
  const found = known.includes(wanted) ? wanted : (known.at(-1) ?? 'medium');
  if (thinks) losses.push({ field, how: 'changed', why: 'thoughts are not shown, and measured by effort' });
  else if (found !== wanted) losses.push({ field, how: 'changed', why: `this model knows ${known.join(', ')}` });
  return { reasoning_effort: found };
}

function form({ output_config: output, output_format: older }: JsonObject): JsonObject {
  const format = (isObject(output) ? output['format'] : undefined) ?? older;
  if (!isObject(format) || format['type'] !== 'json_schema') return {};
  const { schema } = format;
  const strict = canBeStrict(schema);
  return { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict } } };
}

function tier({ service_tier: tier }: JsonObject): JsonObject {
  if (tier === 'standard_only') return { service_tier: 'default' };
  return tier === 'auto' ? { service_tier: 'auto' } : {};
}
