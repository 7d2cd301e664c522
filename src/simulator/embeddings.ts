import { seededRandom } from '../engine/random.ts';
import { checkModel } from './checks.ts';
import { hash } from './chance.ts';
import { numberAt } from './json.ts';
import { embeddingSize, traitsOf } from './models.ts';
import { estimateTokens } from './prompt.ts';
import { invalidJson, missingParameter, refusal } from './refusals.ts';
import { jsonAnswer, wholeScript } from './script.ts';
import type { About, Script, WholeAnswer } from './script.ts';
import type { Received, Upstream } from './upstream.ts';

/** Limits of one request, from the published API description. */
const MAX_INPUTS = 2048;
const MAX_TOKENS_PER_REQUEST = 300_000;

/** POST /v1/embeddings */
export function embeddings(received: Received, upstream: Upstream): Script {
  const request = received.json;
  if (request === null) return wholeScript(upstream.about(received, 'embeddings'), invalidJson());
  const inputs = inputsOf(request['input']);
  const tokens = inputs.reduce((sum, input) => sum + input.tokens, 0);
  const about = upstream.about(received, 'embeddings', tokens);
  const refused = checkModel(request, about, upstream) ?? checkInputs(request['input'], inputs, about);
  if (refused !== null) return wholeScript(about, refused);
  const size = numberAt(request, 'dimensions') ?? embeddingSize(received.model);
  const encode = request['encoding_format'] === 'base64' ? toBase64 : toNumbers;
  const data = inputs.map((input, index) => ({
    object: 'embedding',
    index,
    embedding: encode(vectorOf(input.text, size, upstream.seed)),
  }));
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  const answer = { object: 'list', data, model: received.model, usage };
  return wholeScript(about, jsonAnswer(200, answer), upstream.latency.draw().firstTokenMs);
}

interface Input {
  readonly text: string;
  readonly tokens: number;
}

/** A text, texts, tokens or lists of tokens. */
function inputsOf(input: unknown): Input[] {
  if (typeof input === 'string') return [{ text: input, tokens: estimateTokens(input) }];
  if (!Array.isArray(input)) return [];
  if (typeof input[0] === 'number') return [{ text: input.join(' '), tokens: input.length }];
  return input.map((one: unknown) =>
    Array.isArray(one)
      ? { text: one.join(' '), tokens: one.length }
      : { text: String(one), tokens: estimateTokens(String(one)) },
  );
}

function checkInputs(raw: unknown, inputs: readonly Input[], about: About): WholeAnswer | null {
  if (raw === undefined) return missingParameter('input');
  const traits = traitsOf(about.model);
  if (!traits.embeddings) return refusal(403, null, 'You are not allowed to generate embeddings from this model');
  if (inputs.length === 0 || inputs.some((input) => input.text === '')) {
    return refusal(
      400,
      null,
      "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.",
    );
  }
  if (inputs.length > MAX_INPUTS) {
    const message = `Invalid 'input': array too long. Expected an array with maximum length ${MAX_INPUTS}, but got an array with length ${inputs.length} instead.`;
    return refusal(400, 'array_above_max_length', message, { param: 'input' });
  }
  const longest = Math.max(...inputs.map((input) => input.tokens));
  if (longest > traits.window) {
    const message = `This model's maximum context length is ${traits.window} tokens, however you requested ${longest} tokens (${longest} in your prompt; 0 for the completion). Please reduce your prompt; or completion length.`;
    return refusal(400, null, message);
  }
  if (about.promptTokens > MAX_TOKENS_PER_REQUEST) {
    const message = `Invalid 'input': maximum request size is ${MAX_TOKENS_PER_REQUEST} tokens per request.`;
    return refusal(400, 'max_tokens_per_request', message, { type: 'max_tokens_per_request' });
  }
  return null;
}

/** A unit vector that depends on the text and the seed alone. */
function vectorOf(text: string, size: number, seed: number): Float32Array {
  const random = seededRandom(hash(text, seed));
  const vector = Float32Array.from({ length: size }, () => random() * 2 - 1);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function toNumbers(vector: Float32Array): number[] {
  return [...vector];
}

/** Little-endian, whatever the machine. */
function toBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, at) => bytes.writeFloatLE(value, at * 4));
  return bytes.toString('base64');
}
