// What requests and answers look like, as JSON Schemas of OpenAPI 3.1: enough to write a first request by, and to generate
// a client from. The provider's own reference has every field, and fields that are not named here pass.

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const anything = { type: 'object', additionalProperties: true } as const;

function decimal(minimum: number, maximum: number): object {
  return { type: 'number', minimum, maximum };
}

function whole(minimum: number, maximum?: number): object {
  return { type: 'integer', minimum, ...(maximum === undefined ? {} : { maximum }) };
}

function listOf(items: object): object {
  return { type: 'array', items };
}

function ref(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

const sampling = { temperature: decimal(0, 2), top_p: decimal(0, 1) };
const common = {
  model: { ...text, description: 'Chooses the route; the first route whose globs match is taken.' },
  stream: { ...flag, description: 'Answer as server-sent events.' },
  metadata: { type: 'object', maxProperties: 16, additionalProperties: { type: 'string', maxLength: 512 } },
};

const usage = {
  type: 'object',
  properties: { prompt_tokens: whole(0), completion_tokens: whole(0), total_tokens: whole(0) },
};

const holdfastFacts = {
  type: 'object',
  description: 'What Holdfast knows of the failure.',
  properties: {
    fault: { ...text, description: 'The kind of fault, such as overloaded or rate-limit-tokens.' },
    detail: { type: ['string', 'null'] },
    party: { enum: ['caller', 'account', 'provider', 'network', 'gateway'], description: 'Who has to act.' },
    remedy: { ...text, description: 'What to do about it.' },
    retry: {
      type: 'object',
      properties: { here: flag, elsewhere: flag, after_ms: { type: ['number', 'null'] } },
    },
    attempts: whole(0),
    request_id: text,
  },
};

export const SCHEMAS: Readonly<Record<string, object>> = {
  Anything: anything,
  MessagesRequest: {
    type: 'object',
    required: ['model', 'max_tokens', 'messages'],
    properties: {
      model: text,
      max_tokens: whole(1),
      messages: { type: 'array', items: { type: 'object' }, minItems: 1 },
      system: { description: 'A text, or a list of text blocks.' },
      tools: { type: 'array', items: { type: 'object' } },
      stream: flag,
    },
  },
  Message: {
    type: 'object',
    required: ['id', 'type', 'role', 'content', 'stop_reason', 'usage'],
    properties: {
      id: text,
      type: { const: 'message' },
      role: { const: 'assistant' },
      model: text,
      content: { type: 'array', items: { type: 'object' } },
      stop_reason: { type: ['string', 'null'] },
      usage: { type: 'object', properties: { input_tokens: whole(0), output_tokens: whole(0) } },
    },
  },
  GenerateContentRequest: {
    type: 'object',
    required: ['contents'],
    properties: {
      contents: { type: 'array', items: { type: 'object' }, minItems: 1 },
      systemInstruction: { type: 'object' },
      tools: { type: 'array', items: { type: 'object' } },
      toolConfig: { type: 'object' },
      generationConfig: { type: 'object' },
    },
  },
  GeneratedContent: {
    type: 'object',
    required: ['candidates'],
    properties: {
      candidates: { type: 'array', items: { type: 'object' } },
      usageMetadata: {
        type: 'object',
        properties: { promptTokenCount: whole(0), candidatesTokenCount: whole(0), totalTokenCount: whole(0) },
      },
      modelVersion: text,
      responseId: text,
    },
  },
  JobRequest: {
    type: 'object',
    required: ['endpoint', 'body'],
    additionalProperties: false,
    properties: {
      endpoint: { enum: ['/v1/chat/completions', '/v1/responses', '/v1/embeddings', '/v1/messages'] },
      body: { ...anything, description: 'The request, as the endpoint takes it.' },
      deadline: {
        type: ['string', 'integer'],
        description: 'When it is given up, from now: 10m, 2h, or milliseconds.',
      },
      priority: { ...whole(-1_000, 1_000), description: 'Higher goes first.' },
      attempts: { ...whole(1, 100), description: 'How often it is tried that a provider fails.' },
      webhook: { ...text, description: 'Told of its ending, signed as Standard Webhooks are.' },
      metadata: common.metadata,
    },
  },
  Job: {
    type: 'object',
    required: ['id', 'object', 'status'],
    properties: {
      id: text,
      object: { const: 'holdfast.job' },
      status: { enum: ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'dead'] },
      endpoint: text,
      model: { type: ['string', 'null'] },
      attempts: whole(0),
      max_attempts: whole(1),
      created_at: whole(0),
      ended_at: { type: ['integer', 'null'] },
      deadline_at: { type: ['integer', 'null'] },
      expires_at: { type: ['integer', 'null'] },
      metadata: common.metadata,
      error: { type: ['object', 'null'] },
      result: { type: ['object', 'null'], description: 'The status of the answer, and where it is.' },
      urls: anything,
    },
  },
  JobList: {
    type: 'object',
    properties: { object: { const: 'list' }, data: listOf(ref('Job')), last_id: text, has_more: flag },
  },
  ChatMessage: {
    type: 'object',
    required: ['role'],
    properties: {
      role: { enum: ['developer', 'system', 'user', 'assistant', 'tool', 'function'] },
      content: { anyOf: [text, listOf(anything), { type: 'null' }] },
      name: text,
      tool_calls: listOf(anything),
      tool_call_id: text,
    },
  },
  ChatCompletionRequest: {
    type: 'object',
    required: ['model', 'messages'],
    properties: {
      ...common,
      messages: { ...listOf(ref('ChatMessage')), minItems: 1 },
      ...sampling,
      n: whole(1, 128),
      max_completion_tokens: whole(1),
      stop: { anyOf: [text, { ...listOf(text), maxItems: 4 }, { type: 'null' }] },
      tools: listOf(anything),
      tool_choice: {},
      response_format: anything,
      reasoning_effort: { type: ['string', 'null'] },
      stream_options: anything,
    },
  },
  ChatCompletion: {
    type: 'object',
    properties: {
      id: text,
      object: { const: 'chat.completion' },
      created: whole(0),
      model: text,
      choices: listOf({
        type: 'object',
        properties: { index: whole(0), message: ref('ChatMessage'), finish_reason: { type: ['string', 'null'] } },
      }),
      usage,
    },
  },
  ResponseRequest: {
    type: 'object',
    required: ['model'],
    properties: {
      ...common,
      input: { anyOf: [text, listOf(anything)] },
      instructions: { type: ['string', 'null'] },
      previous_response_id: { type: ['string', 'null'] },
      max_output_tokens: whole(16),
      reasoning: anything,
      text: anything,
      tools: listOf(anything),
      store: flag,
      ...sampling,
    },
  },
  Response: {
    type: 'object',
    properties: { id: text, object: { const: 'response' }, status: text, model: text, output: listOf(anything) },
  },
  EmbeddingsRequest: {
    type: 'object',
    required: ['model', 'input'],
    properties: {
      model: text,
      input: {
        anyOf: [text, listOf(text), listOf({ type: 'integer' }), listOf(listOf({ type: 'integer' }))],
        description: 'At most 2048 texts.',
      },
      dimensions: whole(1),
      encoding_format: { enum: ['float', 'base64'] },
      user: text,
    },
  },
  Embeddings: {
    type: 'object',
    properties: {
      object: { const: 'list' },
      data: listOf({
        type: 'object',
        properties: { index: whole(0), embedding: { anyOf: [listOf({ type: 'number' }), text] } },
      }),
      model: text,
      usage,
    },
  },
  ModerationRequest: {
    type: 'object',
    required: ['input'],
    properties: { input: { anyOf: [text, listOf(text), listOf(anything)] }, model: text },
  },
  ImageRequest: {
    type: 'object',
    required: ['prompt'],
    properties: { prompt: text, model: text, n: whole(1, 10), size: text, quality: text, stream: flag },
  },
  SpeechRequest: {
    type: 'object',
    required: ['model', 'input', 'voice'],
    properties: { model: text, input: { ...text, maxLength: 4096 }, voice: text, speed: decimal(0.25, 4) },
  },
  Models: {
    type: 'object',
    properties: { object: { const: 'list' }, data: listOf({ type: 'object', properties: { id: text } }) },
  },
  Error: {
    type: 'object',
    required: ['error'],
    properties: {
      error: {
        type: 'object',
        required: ['message', 'type', 'param', 'code'],
        properties: {
          message: text,
          type: text,
          param: { type: ['string', 'null'] },
          code: { type: ['string', 'null'] },
          holdfast: holdfastFacts,
        },
      },
    },
  },
};
