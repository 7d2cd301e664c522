import { isObject, listAt, numberAt, objectAt, stringAt } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { About, WholeAnswer } from '../script.ts';
import type { Upstream } from '../upstream.ts';
import { geminiTraits } from './models.ts';
import { listed } from './prompt.ts';
import { invalid, outputCapExceeded, promptTooLong, unknownField, unknownModel } from './refusals.ts';

/** The first rule a request breaks, much as the real API words it; null when it breaks none. */
export function checkGenerate(body: JsonObject, about: About, upstream: Upstream): WholeAnswer | null {
  return (
    checkFields(body, FIELDS, '') ??
    checkFields(objectAt(body, 'generationConfig') ?? {}, CONFIG_FIELDS, 'generation_config') ??
    (upstream.serves(about.model) ? null : unknownModel(about.model)) ??
    checkTurns(listAt(body, 'contents').filter(isObject), about.model) ??
    checkTools(body, about.model) ??
    checkConfig(objectAt(body, 'generationConfig') ?? {}, about)
  );
}

const FIELDS: ReadonlySet<string> = new Set([
  'contents',
  'systemInstruction',
  'system_instruction',
  'tools',
  'toolConfig',
  'safetySettings',
  'generationConfig',
  'cachedContent',
  'serviceTier',
  'store',
]);

const CONFIG_FIELDS: ReadonlySet<string> = new Set([
  'candidateCount',
  'enableEnhancedCivicAnswers',
  'frequencyPenalty',
  'imageConfig',
  'logprobs',
  'maxOutputTokens',
  'mediaResolution',
  'presencePenalty',
  'responseJsonSchema',
  'responseLogprobs',
  'responseMimeType',
  'responseModalities',
  'responseSchema',
  'seed',
  'speechConfig',
  'stopSequences',
  'temperature',
  'thinkingConfig',
  'topK',
  'topP',
]);

function checkFields(object: JsonObject, known: ReadonlySet<string>, at: string): WholeAnswer | null {
  const unknown = Object.keys(object).find((field) => !known.has(field));
  return unknown === undefined ? null : unknownField(unknown, at);
}

/** Every call wants its answer in the turn that follows, all of those made at once together. */
function checkTurns(turns: readonly JsonObject[], model: string): WholeAnswer | null {
  if (turns.length === 0) return invalid('* GenerateContentRequest.contents: contents is not specified');
  for (const [at, turn] of turns.entries()) {
    const { role = 'user' } = turn;
    if (role !== 'user' && role !== 'model') return invalid('Please use a valid role: user, model.');
    const parts = listAt(turn, 'parts').filter(isObject);
    if (parts.length === 0) {
      return invalid(`* GenerateContentRequest.contents[${at}].parts: contents.parts must not be empty.`);
    }
    const calls = listed(parts, 'functionCall').length;
    const answers = listed(parts, 'functionResponse');
    const nameless = answers.findIndex((answer) => (stringAt(answer, 'name') ?? '') === '');
    if (nameless >= 0) {
      const place = `contents[${at}].parts[${nameless}].function_response.name`;
      return invalid(`* GenerateContentRequest.${place}: Name cannot be empty.`);
    }
    if (calls > 0 && turns[at - 1]?.['role'] !== 'user') return invalid(CALLS_FOLLOW);
    const made = listed(listAt(turns[at - 1] ?? {}, 'parts').filter(isObject), 'functionCall').length;
    if (answers.length > 0 && made === 0) return invalid(ANSWERS_FOLLOW);
    if (answers.length !== made) return invalid(AS_MANY);
  }
  return checkSeals(turns, model);
}

const CALLS_FOLLOW =
  'Please ensure that function call turn comes immediately after a user turn or after a function response turn.';
const ANSWERS_FOLLOW = 'Please ensure that function response turn comes immediately after a function call turn.';
const AS_MANY =
  'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.';

/** Newer models want to see the thoughts that led to a call, sealed: those since the user last spoke. */
function checkSeals(turns: readonly JsonObject[], model: string): WholeAnswer | null {
  if (!geminiTraits(model).levels) return null;
  const spoken = turns.findLastIndex(
    ({ role, parts }) =>
      role !== 'model' && Array.isArray(parts) && parts.some((part) => isObject(part) && 'text' in part),
  );
  for (const [at, turn] of turns.entries()) {
    const call = listAt(turn, 'parts')
      .filter(isObject)
      .find((part) => part['functionCall'] !== undefined);
    if (at < spoken || call === undefined || stringAt(call, 'thoughtSignature') !== null) continue;
    const message = 'Function call is missing a thought_signature in functionCall parts.';
    return invalid(
      `${message} This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance.`,
    );
  }
  return null;
}

const MODES: ReadonlySet<unknown> = new Set(['AUTO', 'ANY', 'NONE', 'VALIDATED']);

function checkTools(body: JsonObject, model: string): WholeAnswer | null {
  const calling = objectAt(objectAt(body, 'toolConfig') ?? {}, 'functionCallingConfig');
  const declared = listAt(body, 'tools')
    .filter(isObject)
    .flatMap((tool) => listAt(tool, 'functionDeclarations'));
  if (calling !== null && !MODES.has(calling['mode'])) {
    return invalid(`Invalid value at 'tool_config.function_calling_config.mode': "${String(calling['mode'])}"`);
  }
  if (calling !== null && listAt(calling, 'allowedFunctionNames').length > 0 && calling['mode'] !== 'ANY') {
    return invalid(
      'Function calling config is set without function calling mode ANY, but allowed_function_names is set.',
    );
  }
  if (calling?.['mode'] === 'ANY' && declared.length === 0) {
    return invalid('Function calling mode is set to ANY but no function declarations are provided.');
  }
  const inJson = objectAt(body, 'generationConfig')?.['responseMimeType'] === 'application/json';
  if (!inJson || declared.length === 0 || geminiTraits(model).newer) return null;
  return invalid("Function calling with a response mime type: 'application/json' is unsupported");
}

function checkConfig(config: JsonObject, about: About): WholeAnswer | null {
  const { outputCap, levels, budget, window: usual } = geminiTraits(about.model);
  const { window = usual } = about;
  const temperature = numberAt(config, 'temperature') ?? 1;
  if (temperature < 0 || temperature > 2) {
    return invalid(
      `* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].`,
    );
  }
  if (listAt(config, 'stopSequences').length > 5) return invalid('The number of stop sequences must be at most 5.');
  const thinking = objectAt(config, 'thinkingConfig') ?? {};
  if (thinking['thinkingLevel'] !== undefined && !levels)
    return invalid('Thinking level is not supported for this model.');
  if (thinking['thinkingBudget'] !== undefined && !budget && !levels) {
    return invalid('Thinking is not supported for this model.');
  }
  const penalised = (numberAt(config, 'presencePenalty') ?? numberAt(config, 'frequencyPenalty') ?? 0) !== 0;
  if (penalised && budget) return invalid(`Penalty is not enabled for models/${about.model}`);
  if (config['responseJsonSchema'] !== undefined && config['responseMimeType'] !== 'application/json') {
    return invalid('response_json_schema requires response_mime_type: application/json');
  }
  const asked = numberAt(config, 'maxOutputTokens');
  if (asked !== null && (asked < 1 || asked > outputCap)) return outputCapExceeded(asked, outputCap);
  return about.promptTokens > window ? promptTooLong(about.promptTokens, window) : null;
}
