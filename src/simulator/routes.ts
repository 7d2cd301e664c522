import { getModel as getAnthropicModel, listModels as listAnthropicModels } from './anthropic/lists.ts';
import { countTokens, messages } from './anthropic/messages.ts';
import { chat } from './chat.ts';
import { embeddings } from './embeddings.ts';
import * as gemini from './gemini/generate.ts';
import * as rest from './passthrough.ts';
import { unknownUrl } from './refusals.ts';
import * as responses from './responses.ts';
import { wholeScript } from './script.ts';
import type { Script } from './script.ts';
import type { Handler, Received, Upstream } from './upstream.ts';

/** The paths without a variable part. */
const EXACT: Readonly<Record<string, Handler>> = {
  'POST /v1/chat/completions': chat,
  'POST /v1/messages': messages,
  'POST /v1/messages/count_tokens': countTokens,
  'POST /v1/responses': responses.createResponse,
  'POST /v1/responses/input_tokens': responses.countInputTokens,
  'POST /v1/embeddings': embeddings,
  'GET /v1/models': rest.listModels,
  'GET /v1beta/models': gemini.listModels,
  'POST /v1/files': rest.uploadFile,
  'GET /v1/files': rest.listFiles,
  'POST /v1/batches': rest.createBatch,
  'POST /v1/images/generations': rest.createImage,
  'POST /v1/audio/speech': rest.createSpeech,
  'POST /v1/audio/transcriptions': rest.createTranscription,
  'POST /v1/moderations': rest.createModeration,
  'POST /v1/vector_stores': rest.createVectorStore,
};

/** The paths with a variable part, first match first; `*` is any method. */
const PATTERNS: readonly (readonly [method: string, path: RegExp, handler: Handler])[] = [
  ['POST', /^\/v1(?:alpha|beta)?\/models\/[^/]+:generateContent$/, gemini.generateContent],
  ['POST', /^\/v1(?:alpha|beta)?\/models\/[^/]+:streamGenerateContent$/, gemini.streamGenerateContent],
  ['POST', /^\/v1(?:alpha|beta)?\/models\/[^/]+:countTokens$/, gemini.countTokens],
  ['GET', /^\/v1(?:alpha|beta)\/models\/[^/]+$/, gemini.getModel],
  ['GET', /^\/v1\/models\/[^/]+$/, rest.getModel],
  ['GET', /^\/v1\/responses\/[^/]+$/, responses.getResponse],
  ['DELETE', /^\/v1\/responses\/[^/]+$/, responses.deleteResponse],
  ['POST', /^\/v1\/responses\/[^/]+\/cancel$/, responses.cancelResponse],
  ['GET', /^\/v1\/responses\/[^/]+\/input_items$/, responses.listInputItems],
  ['GET', /^\/v1\/files\/[^/]+$/, rest.getFile],
  ['GET', /^\/v1\/files\/[^/]+\/content$/, rest.getFileContent],
  ['DELETE', /^\/v1\/files\/[^/]+$/, rest.deleteFile],
  ['DELETE', /^\/v1\/vector_stores\/[^/]+$/, rest.deleteVectorStore],
  ['*', /^\/v1\/echo(?:\/|$)/, rest.echo],
];

/** What stands at the same paths on two wires. */
const ANTHROPICS: readonly (readonly [path: RegExp, handler: Handler])[] = [
  [/^\/v1\/models$/, listAnthropicModels],
  [/^\/v1\/models\/[^/]+$/, getAnthropicModel],
];

/** What the provider does with a request, or the real 404 for a path it does not know. */
export function answer(received: Received, upstream: Upstream): Script {
  const { method, route, headers } = received;
  const isAnthropics = headers['anthropic-version'] !== undefined && method === 'GET';
  const handler =
    (isAnthropics ? ANTHROPICS.find(([path]) => path.test(route))?.[1] : undefined) ??
    EXACT[`${method} ${route}`] ??
    PATTERNS.find(([wanted, path]) => (wanted === '*' || wanted === method) && path.test(route))?.[2];
  if (handler !== undefined) return handler(received, upstream);
  return wholeScript(upstream.about(received, 'other'), unknownUrl(method, received.path));
}
