/** One endpoint of the gateway, told once for everything that describes it: the OpenAPI document and the Postman collection. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** From the server's root, with its places in braces: `/v1/responses/{response_id}`. */
  readonly path: string;
  /** Stable, and unique. */
  readonly id: string;
  readonly group: 'Answers' | 'Other models' | 'Lists' | 'Tools' | 'Health';
  readonly summary: string;
  /** Health is told without a key. */
  readonly needsKey: boolean;
  /** A request to begin with, and the name of its schema. */
  readonly request: { readonly schema: string; readonly example: Readonly<Record<string, unknown>> } | null;
  /** The name of its answer's schema. */
  readonly answer: string;
  /** It can also answer as server-sent events. */
  readonly streams: boolean;
}

const ASKED = 'When is the tide high?';

export const ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/v1/chat/completions',
    id: 'createChatCompletion',
    group: 'Answers',
    summary: 'Chat Completions, as OpenAI serves them',
    needsKey: true,
    request: {
      schema: 'ChatCompletionRequest',
      example: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: ASKED }] },
    },
    answer: 'ChatCompletion',
    streams: true,
  },
  {
    method: 'POST',
    path: '/v1/responses',
    id: 'createResponse',
    group: 'Answers',
    summary: 'Responses, as OpenAI serves them',
    needsKey: true,
    request: { schema: 'ResponseRequest', example: { model: 'gpt-4o-mini', input: ASKED } },
    answer: 'Response',
    streams: true,
  },
  {
    method: 'GET',
    path: '/v1/responses/{response_id}',
    id: 'getResponse',
    group: 'Answers',
    summary: 'A stored response, from the provider that made it',
    needsKey: true,
    request: null,
    answer: 'Response',
    streams: false,
  },
  {
    method: 'POST',
    path: '/v1/embeddings',
    id: 'createEmbeddings',
    group: 'Other models',
    summary: 'Embeddings of texts or tokens',
    needsKey: true,
    request: { schema: 'EmbeddingsRequest', example: { model: 'text-embedding-3-small', input: ['kelp', 'holdfast'] } },
    answer: 'Embeddings',
    streams: false,
  },
  {
    method: 'POST',
    path: '/v1/moderations',
    id: 'createModeration',
    group: 'Other models',
    summary: 'Moderation of texts and images, by the first target of the route',
    needsKey: true,
    request: { schema: 'ModerationRequest', example: { input: ASKED } },
    answer: 'Anything',
    streams: false,
  },
  {
    method: 'POST',
    path: '/v1/images/generations',
    id: 'createImage',
    group: 'Other models',
    summary: 'Images from a prompt, by the first target of the route',
    needsKey: true,
    request: { schema: 'ImageRequest', example: { model: 'gpt-image-1', prompt: 'A kelp forest at noon' } },
    answer: 'Anything',
    streams: true,
  },
  {
    method: 'POST',
    path: '/v1/audio/speech',
    id: 'createSpeech',
    group: 'Other models',
    summary: 'Speech from text, by the first target of the route',
    needsKey: true,
    request: { schema: 'SpeechRequest', example: { model: 'gpt-4o-mini-tts', input: ASKED, voice: 'alloy' } },
    answer: 'Anything',
    streams: true,
  },
  {
    method: 'GET',
    path: '/v1/models',
    id: 'listModels',
    group: 'Lists',
    summary: 'The models that the first target of the route offers',
    needsKey: true,
    request: null,
    answer: 'Models',
    streams: false,
  },
  {
    method: 'POST',
    path: '/v1/holdfast/count',
    id: 'countTokens',
    group: 'Tools',
    summary: 'How many tokens a request or a text has; no provider is asked',
    needsKey: true,
    request: { schema: 'Anything', example: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: ASKED }] } },
    answer: 'Anything',
    streams: false,
  },
  {
    method: 'GET',
    path: '/healthz',
    id: 'health',
    group: 'Health',
    summary: 'The process is alive',
    needsKey: false,
    request: null,
    answer: 'Anything',
    streams: false,
  },
  {
    method: 'GET',
    path: '/readyz',
    id: 'readiness',
    group: 'Health',
    summary: 'Calls can be answered; 503 while stopping or when no target can take one',
    needsKey: false,
    request: null,
    answer: 'Anything',
    streams: false,
  },
];
