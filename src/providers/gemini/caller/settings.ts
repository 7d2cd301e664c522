import { modelFacts } from '../../catalogue/catalogue.ts';
import { parametersOf } from '../../openai/parameters.ts';
import type { ChatFacts, JsonObject } from '../../translation/caller-wire.ts';
import type { Loss } from '../../translation/loss.ts';
import { memberOf, objectIn, usualName } from './members.ts';
import { jsonSchemaOf } from './schema.ts';

/** OpenAI takes no more than this many texts that end an answer. */
const MOST_STOPS = 4;

/** Members of `generationConfig` that are carried over, each by its own rule. */
const CARRIED: ReadonlySet<string> = new Set([
  'temperature',
  'topP',
  'maxOutputTokens',
  'stopSequences',
  'seed',
  'presencePenalty',
  'frequencyPenalty',
  'candidateCount',
  'responseMimeType',
  'responseSchema',
  'responseJsonSchema',
  'thinkingConfig',
]);

/** How an answer is to be made: caps, chances, ends and form. */
export function chatSettings(request: JsonObject, facts: ChatFacts, losses: Loss[]): JsonObject {
  const config = objectIn(request, 'generationConfig') ?? {};
  for (const name of Object.keys(config)) {
    if (CARRIED.has(usualName(name)) || config[name] === null || isText(name, config[name])) continue;
    losses.push({ field: `generationConfig.${name}`, how: 'dropped', why: 'the chat wire has nothing like it' });
  }
  const cap = memberOf(config, 'maxOutputTokens');
  const choices = memberOf(config, 'candidateCount');
  return {
    ...(typeof cap === 'number' ? { [facts.cap]: cap } : {}),
    ...(typeof choices === 'number' && choices > 1 ? { n: choices } : {}),
    ...(typeof config['seed'] === 'number' ? { seed: config['seed'] } : {}),
    ...sampling(config, facts.model, losses),
    ...stops(config, facts.model, losses),
    ...effort(objectIn(config, 'thinkingConfig'), facts.model, losses),
    ...form(config),
    ...tier(memberOf(request, 'serviceTier')),
    ...(facts.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

/** What nearly every SDK says, and what is meant anyway: an answer in text. */
function isText(name: string, value: unknown): boolean {
  return usualName(name) === 'responseModalities' && JSON.stringify(value)?.toUpperCase() === '["TEXT"]';
}

/** Google's names, chat's, and the value that says nothing. */
const CHANCES: readonly (readonly [theirs: string, ours: string, usual: number])[] = [
  ['temperature', 'temperature', 1],
  ['topP', 'top_p', 1],
  ['presencePenalty', 'presence_penalty', 0],
  ['frequencyPenalty', 'frequency_penalty', 0],
];

function sampling(config: JsonObject, model: string, losses: Loss[]): JsonObject {
  const isFree = (parametersOf(model)?.sampling ?? 'free') === 'free';
  const out: Record<string, unknown> = {};
  for (const [theirs, ours, usual] of CHANCES) {
    const value = memberOf(config, theirs);
    if (typeof value !== 'number' || value === usual) continue;
    if (isFree) out[ours] = value;
    else losses.push({ field: `generationConfig.${theirs}`, how: 'dropped', why: `this model takes ${usual} only` });
  }
  return out;
}

function stops(config: JsonObject, model: string, losses: Loss[]): JsonObject {
  const stop = memberOf(config, 'stopSequences');
  if (!Array.isArray(stop) || stop.length === 0) return {};
  const field = 'generationConfig.stopSequences';
  if (parametersOf(model)?.stop === false) {
    losses.push({ field, how: 'dropped', why: 'this model takes none' });
    return {};
  }
  if (stop.length > MOST_STOPS) {
    losses.push({ field, how: 'changed', why: `the chat wire takes ${MOST_STOPS} at most` });
  }
  return { stop: stop.slice(0, MOST_STOPS) };
}

/** Tokens to think with as an effort; the steps are those by which efforts become budgets the other way round. */
const EFFORTS: readonly (readonly [budget: number, effort: string])[] = [
  [24_576, 'high'],
  [8192, 'medium'],
  [1, 'low'],
  [0, 'none'],
];

function effort(thinking: JsonObject | null, model: string, losses: Loss[]): JsonObject {
  if (thinking === null) return {};
  const level = memberOf(thinking, 'thinkingLevel');
  const budget = memberOf(thinking, 'thinkingBudget');
  const asked =
    typeof level === 'string'
      ? level.toLowerCase()
      : typeof budget === 'number'
        ? EFFORTS.find(([least]) => budget >= least)?.[1]
        : undefined;
  // A budget below zero leaves it to the model, as does no budget.
  if (asked === undefined) return {};
  const field = `generationConfig.thinkingConfig.${typeof level === 'string' ? 'thinkingLevel' : 'thinkingBudget'}`;
  const takes = parametersOf(model);
  if (takes?.reasoning !== true && modelFacts(model)?.reasoning !== true) {
    if (asked !== 'none') losses.push({ field, how: 'dropped', why: 'this model is not known to think' });
    return {};
  }
  const known = takes?.efforts ?? ['low', 'medium', 'high'];
  const found = known.includes(asked) ? asked : asked === 'none' || asked === 'minimal' ? known[0] : known.at(-1);
  if (found !== asked) losses.push({ field, how: 'changed', why: `this model knows ${known.join(', ')}` });
  return { reasoning_effort: found };
}

function form(config: JsonObject): JsonObject {
  if (memberOf(config, 'responseMimeType') !== 'application/json') return {};
  const schema = memberOf(config, 'responseJsonSchema') ?? memberOf(config, 'responseSchema');
  if (schema === undefined) return { response_format: { type: 'json_object' } };
  // OpenAI holds an answer only to schemas of a strict kind, and would refuse any other that asks for it.
  const json_schema = { name: 'answer', schema: jsonSchemaOf(schema), strict: false };
  return { response_format: { type: 'json_schema', json_schema } };
}

const TIERS: Readonly<Record<string, string>> = { standard: 'default', flex: 'flex', priority: 'priority' };

function tier(asked: unknown): JsonObject {
  const known = typeof asked === 'string' && Object.hasOwn(TIERS, asked) ? TIERS[asked] : undefined;
  return known === undefined ? {} : { service_tier: known };
}
