import type { IncomingHttpHeaders } from 'node:http';
import { isObject, listAt, numberAt, objectAt } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { About, WholeAnswer } from '../script.ts';
import type { Upstream } from '../upstream.ts';
import { claudeTraits } from './models.ts';
import { invalid, outputCapExceeded, promptTooLong, unknownModel } from './refusals.ts';

/** The first rule a Messages request breaks, as the real API words it; null when it breaks none. */
export function checkMessages(
  body: JsonObject,
  headers: IncomingHttpHeaders,
  about: About,
  upstream: Upstream,
): WholeAnswer | null {
  return (
    checkVersion(headers) ??
    checkFields(body) ??
    (upstream.serves(about.model) ? null : unknownModel(about.model)) ??
    checkTurns(body, about.model) ??
    checkSampling(body, about.model) ??
    checkTools(body) ??
    checkSizes(body, about)
  );
}

function checkVersion(headers: IncomingHttpHeaders): WholeAnswer | null {
  return headers['anthropic-version'] === undefined ? invalid('anthropic-version: header is required') : null;
}

/** Every field that the wire knows, and whether it has to be there. */
const FIELDS: Readonly<Record<string, boolean>> = {
  model: true,
  max_tokens: true,
  messages: true,
  system: false,
  stream: false,
  tools: false,
  tool_choice: false,
  temperature: false,
  top_p: false,
  top_k: false,
  stop_sequences: false,
  thinking: false,
  output_config: false,
  metadata: false,
  service_tier: false,
};

function checkFields(body: JsonObject): WholeAnswer | null {
  for (const [field, required] of Object.entries(FIELDS)) {
    if (required && body[field] === undefined) return invalid(`${field}: Field required`);
  }
  const unknown = Object.keys(body).find((field) => !Object.hasOwn(FIELDS, field));
  return unknown === undefined ? null : invalid(`${unknown}: Extra inputs are not permitted`);
}

/** Turns have to alternate here, as an adapter should make them; the real API joins some of those that do not. */
function checkTurns(body: JsonObject, model: string): WholeAnswer | null {
  const turns = listAt(body, 'messages').filter(isObject);
  if (turns.length === 0) return invalid('messages: at least one message is required');
  if (turns[0]?.['role'] !== 'user') return invalid('messages: first message must use the "user" role');
  let awaited: string[] = [];
  for (const [at, turn] of turns.entries()) {
    const { role } = turn;
    if (role !== 'user' && role !== 'assistant')
      return invalid(`messages.${at}.role: Input should be 'user' or 'assistant'`);
    if (role === turns[at - 1]?.['role'])
      return invalid('messages: roles must alternate between "user" and "assistant"');
    const blocks = listAt(turn, 'content').filter(isObject);
    if (typeof turn['content'] !== 'string' && blocks.length === 0) {
      return invalid(`messages.${at}: all messages must have non-empty content`);
    }
    const broken = blocks.find(({ type, text }) => type === 'text' && String(text).trim() === '');
    if (broken !== undefined) return invalid('messages: text content blocks must contain non-whitespace text');
    const answered = blocks.filter(({ type }) => type === 'tool_result').map((block) => String(block['tool_use_id']));
    const refused = checkResults(awaited, answered, at);
    if (refused !== null) return refused;
    awaited = blocks.filter(({ type }) => type === 'tool_use').map(({ id }) => String(id));
  }
  if (turns.at(-1)?.['role'] === 'user' || claudeTraits(model).prefill) return null;
  return invalid(
    'This model does not support assistant message prefill. The conversation must end with a user message.',
  );
}

function checkResults(awaited: readonly string[], answered: readonly string[], at: number): WholeAnswer | null {
  const missing = awaited.find((id) => !answered.includes(id));
  if (missing !== undefined) {
    return invalid(
      `messages.${at - 1}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing}`,
    );
  }
  const stray = answered.find((id) => !awaited.includes(id));
  if (stray === undefined) return null;
  return invalid(`messages.${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}`);
}

function checkSampling(body: JsonObject, model: string): WholeAnswer | null {
  const temperature = numberAt(body, 'temperature');
  const { fixed } = claudeTraits(model);
  const thinking = objectAt(body, 'thinking')?.['type'];
  if (temperature !== null && (temperature < 0 || temperature > 1)) return invalid('temperature: range: 0..1');
  if (temperature !== null && temperature !== 1 && (fixed || thinking !== undefined)) {
    return invalid('temperature: may only be set to 1 with this model or when thinking is enabled');
  }
  if (fixed && (numberAt(body, 'top_p') ?? 1) < 0.99) return invalid('top_p: must be greater than or equal to 0.99');
  if (fixed && thinking === 'enabled') return invalid('thinking.type: Input should be "adaptive" or "disabled"');
  const budget = numberAt(objectAt(body, 'thinking') ?? {}, 'budget_tokens');
  if (budget === null) return null;
  if (budget < 1024) return invalid('thinking.enabled.budget_tokens: Input should be greater than or equal to 1024');
  return budget < (numberAt(body, 'max_tokens') ?? 0)
    ? null
    : invalid('`max_tokens` must be greater than `thinking.budget_tokens`');
}

const CHOICES: ReadonlySet<unknown> = new Set(['auto', 'any', 'tool', 'none']);

function checkTools(body: JsonObject): WholeAnswer | null {
  const tools = listAt(body, 'tools').filter(isObject);
  for (const [at, tool] of tools.entries()) {
    if (objectAt(tool, 'input_schema')?.['type'] === 'object') continue;
    return invalid(`tools.${at}.custom.input_schema.type: Field required`);
  }
  const choice = objectAt(body, 'tool_choice');
  if (choice === null) return null;
  if (!CHOICES.has(choice['type']))
    return invalid(`tool_choice: Input tag should be one of 'auto', 'any', 'tool', 'none'`);
  return tools.length > 0 ? null : invalid('tool_choice may only be specified while providing tools.');
}

function checkSizes(body: JsonObject, about: About): WholeAnswer | null {
  const { outputCap, window: usual } = claudeTraits(about.model);
  const { window = usual } = about;
  const asked = numberAt(body, 'max_tokens') ?? 0;
  if (asked > outputCap) return outputCapExceeded(asked, outputCap, about.model);
  return about.promptTokens > window ? promptTooLong(about.promptTokens, window) : null;
}
