import { generate } from '../generation.ts';
import type { Choice, GenerationRequest } from '../generation.ts';
import { isObject, listAt, numberAt, objectAt, stringAt } from '../json.ts';
import type { JsonObject } from '../json.ts';
import { callsOfAll } from '../parallel.ts';
import { readConversation } from '../prompt.ts';
import { jsonAnswer, streamScript, wholeScript } from '../script.ts';
import type { Script } from '../script.ts';
import { stoppedBy } from '../stops.ts';
import type { Handler, Received, Upstream } from '../upstream.ts';
import { type Candidate, type Generated, saidBy, wholeAnswer } from './candidate.ts';
import { checkGenerate } from './checks.ts';
import { generateWrites } from './events.ts';
import { GEMINI_MODELS, geminiTraits } from './models.ts';
import { itemsOf } from './prompt.ts';
import { invalid, unknownModel } from './refusals.ts';

/** POST /v1beta/models/{model}:generateContent */
export const generateContent: Handler = (received, upstream) => answered(received, upstream, false);

/** POST /v1beta/models/{model}:streamGenerateContent?alt=sse */
export const streamGenerateContent: Handler = (received, upstream) => answered(received, upstream, true);

function answered(received: Received, upstream: Upstream, stream: boolean): Script {
  const body = received.json;
  if (body === null) {
    return wholeScript(
      upstream.about(received, 'generate'),
      invalid('Invalid JSON payload received. Unexpected end of string.'),
    );
  }
  const prompt = readConversation(itemsOf(body));
  const about = upstream.about(received, 'generate', prompt.tokens);
  const refused = checkGenerate(body, about, upstream);
  if (refused !== null) return wholeScript(about, refused);
  const generated = generatedFor(body, received, upstream, prompt);
  const pace = upstream.latency.draw();
  const sealed = geminiTraits(received.model).levels;
  if (stream) return streamScript(about, generateWrites(generated, sealed, pace));
  const wait = pace.firstTokenMs + pace.gaps(saidBy(generated) + generated.thoughtTokens);
  return wholeScript(about, jsonAnswer(200, wholeAnswer(generated, sealed)), wait);
}

/** POST /v1beta/models/{model}:countTokens */
export const countTokens: Handler = (received, upstream) => {
  const asked = received.json ?? {};
  const { tokens } = readConversation(itemsOf(objectAt(asked, 'generateContentRequest') ?? asked));
  return wholeScript(upstream.about(received, 'other'), jsonAnswer(200, { totalTokens: tokens }));
};

/** GET /v1beta/models */
export const listModels: Handler = (received, upstream) => {
  const models = (upstream.models ?? GEMINI_MODELS).map((model) => modelObject(model, upstream));
  return wholeScript(upstream.about(received, 'other'), jsonAnswer(200, { models }));
};

/** GET /v1beta/models/{model} */
export const getModel: Handler = (received, upstream) => {
  const model = decodeURIComponent(received.route.split('/')[3] ?? '');
  const known = (upstream.models ?? GEMINI_MODELS).includes(model);
  return wholeScript(
    upstream.about(received, 'other'),
    known ? jsonAnswer(200, modelObject(model, upstream)) : unknownModel(model),
  );
};

function modelObject(model: string, upstream: Upstream): JsonObject {
  const { window, outputCap } = geminiTraits(model);
  return {
    name: `models/${model}`,
    version: '001',
    displayName: model,
    inputTokenLimit: upstream.window ?? window,
    outputTokenLimit: outputCap,
    supportedGenerationMethods: ['generateContent', 'countTokens', 'streamGenerateContent'],
  };
}

function generatedFor(
  body: JsonObject,
  received: Received,
  upstream: Upstream,
  prompt: GenerationRequest['prompt'],
): Generated {
  const config = objectAt(body, 'generationConfig') ?? {};
  const effort = effortOf(objectAt(config, 'thinkingConfig'));
  const calling = objectAt(objectAt(body, 'toolConfig') ?? {}, 'functionCallingConfig');
  const tools = listAt(body, 'tools')
    .filter(isObject)
    .flatMap((tool) => listAt(tool, 'functionDeclarations'));
  const request: GenerationRequest = {
    prompt,
    traits: { ...geminiTraits(received.model), reasoning: effort !== null },
    cap: numberAt(config, 'maxOutputTokens'),
    choices: numberAt(config, 'candidateCount') ?? 1,
    tools: tools.filter(isObject).map(toolOf),
    toolChoice: toolChoiceOf(calling),
    format: formatOf(config),
    effort,
  };
  const choices = generate(request, received, upstream);
  const all = callsOfAll(request, received, upstream);
  const told = objectAt(config, 'thinkingConfig')?.['includeThoughts'] === true;
  const stops = listAt(config, 'stopSequences');
  return {
    id: upstream.id('', 22),
    model: received.model,
    candidates: choices.map((choice) => candidateOf(all.length > 0 ? all : [choice], stops, told)),
    promptTokens: prompt.tokens,
    thoughtTokens: choices[0]?.reasoningTokens ?? 0,
  };
}

/** Unlike the real ones, simulated models think only when asked to, so that their answers compare with those of other wires. */
function effortOf(thinking: JsonObject | null): string | null {
  const level = thinking === null ? null : stringAt(thinking, 'thinkingLevel');
  if (level !== null) return level.toLowerCase();
  const budget = thinking === null ? null : numberAt(thinking, 'thinkingBudget');
  if (budget === null || budget === 0) return null;
  return budget > 0 && budget <= 1024 ? 'low' : budget <= 8192 ? 'medium' : 'high';
}

function toolOf({ name, parametersJsonSchema, parameters }: JsonObject): JsonObject {
  return { name, parameters: lowered(parametersJsonSchema ?? parameters) };
}

/** Google's own schemas shout their types: `OBJECT`. */
function lowered(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(lowered);
  if (!isObject(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [
      name,
      name === 'type' && typeof value === 'string' ? value.toLowerCase() : lowered(value),
    ]),
  );
}

function toolChoiceOf(calling: JsonObject | null): unknown {
  const mode = calling?.['mode'];
  if (mode === 'NONE') return 'none';
  if (calling === null || mode !== 'ANY') return 'auto';
  const [name] = listAt(calling, 'allowedFunctionNames');
  return name === undefined ? 'required' : { name };
}

function formatOf(config: JsonObject): JsonObject | null {
  if (config['responseMimeType'] !== 'application/json') return null;
  const schema = config['responseJsonSchema'] ?? config['responseSchema'];
  return schema === undefined ? { type: 'json_object' } : { type: 'json_schema', schema: lowered(schema) };
}

/** What a model thinks, for want of anything better. */
const THOUGHTS = ['Let', ' me', ' think', ' about', ' this', '.'];

function candidateOf(choices: readonly Choice[], stops: readonly unknown[], told: boolean): Candidate {
  const [first] = choices;
  const text = first?.answer.kind === 'text' ? first.pieces : [];
  const pieces = stoppedBy(text, stops)?.pieces ?? text;
  const calls = choices.flatMap(({ answer, pieces: written }) =>
    answer.kind === 'tool' ? [{ id: answer.id, name: answer.name, args: argsIn(written.join('')) }] : [],
  );
  const thought = (first?.reasoningTokens ?? 0) > 0 && told;
  return {
    thoughts: thought ? THOUGHTS : [],
    pieces,
    calls,
    finishReason: choices.some(({ cut }) => cut) ? 'MAX_TOKENS' : 'STOP',
    outputTokens: calls.length > 0 ? choices.reduce((sum, { pieces: said }) => sum + said.length, 0) : pieces.length,
  };
}

/** Arguments that the cap has cut short are no JSON any more. */
function argsIn(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return {};
  }
}
