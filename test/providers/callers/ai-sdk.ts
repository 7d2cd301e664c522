import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import {
  APICallError,
  generateText,
  jsonSchema,
  type LanguageModel,
  type ModelMessage,
  Output,
  streamText,
  tool,
  type ToolSet,
} from 'ai';
import {
  type Caller,
  DEFAULT_CAP,
  type Heard,
  KEY,
  type Part,
  type Place,
  type Question,
  type Turn,
} from '../question.ts';

type Wire = Caller['wire'];

/** The Vercel AI SDK's provider for a wire. */
const MODELS: Readonly<Record<Wire, (place: Place) => LanguageModel>> = {
  chat: ({ origin, fetch, model }) => createOpenAI({ baseURL: `${origin}/v1`, apiKey: KEY, fetch }).chat(model),
  responses: ({ origin, fetch, model }) =>
    createOpenAI({ baseURL: `${origin}/v1`, apiKey: KEY, fetch }).responses(model),
  messages: ({ origin, fetch, model }) =>
    createAnthropic({ baseURL: `${origin}/anthropic/v1`, apiKey: KEY, fetch })(model),
  generate: ({ origin, fetch, model }) =>
    createGoogle({ baseURL: `${origin}/gemini/v1beta`, apiKey: KEY, fetch })(model),
};

/** The Vercel AI SDK on one of the wires. */
export function aiSdk(wire: Wire): Caller {
  return {
    name: `ai, ${wire}`,
    wire,
    brief: true,
    lacks: ['user', 'effort', 'alone', ...(wire === 'responses' ? (['stop'] as const) : [])],
    failure(error) {
      if (!APICallError.isInstance(error)) return { name: String(error), status: undefined };
      return { name: 'APICallError', status: error.statusCode };
    },
    async ask(question, asking, place) {
      const options = optionsOf(question, MODELS[wire](place));
      if (asking === 'whole') return heard(await generateText(options));
      let failed: unknown = null;
      const result = streamText({ ...options, onError: ({ error }) => (failed = error) });
      await result.consumeStream();
      if (failed !== null) throw failed;
      return heard({
        text: await result.text,
        toolCalls: await result.toolCalls,
        finishReason: await result.finishReason,
        usage: await result.usage,
      });
    },
  };
}

interface Result {
  readonly text: string;
  readonly toolCalls: readonly { readonly toolName: string; readonly input: unknown }[];
  readonly finishReason: string;
  readonly usage: { readonly inputTokens: number | undefined; readonly outputTokens: number | undefined };
}

function heard({ text, toolCalls, finishReason, usage }: Result): Heard {
  return {
    text,
    calls: toolCalls.map(({ toolName, input }) => ({ name: toolName, input })),
    ending: ENDINGS[finishReason] ?? 'end',
    inputTokens: usage.inputTokens ?? -1,
    outputTokens: usage.outputTokens ?? -1,
  };
}

const ENDINGS: Readonly<Record<string, Heard['ending']>> = {
  stop: 'end',
  length: 'cap',
  'tool-calls': 'calls',
  'content-filter': 'refusal',
};

function optionsOf(question: Question, model: LanguageModel) {
  const { system, turns, tools, choice, schema, cap = DEFAULT_CAP, stop, temperature, topP } = question;
  return {
    model,
    maxRetries: 0,
    // The SDK looks up pictures itself for models that it does not know to do so.
    experimental_download: (asked: readonly unknown[]) => Promise.resolve(asked.map(() => null)),
    maxOutputTokens: cap,
    messages: turns.map(messageOf),
    ...(system === undefined ? {} : { system }),
    ...(tools === undefined ? {} : { tools: toolSet(tools) }),
    ...(choice === undefined
      ? {}
      : { toolChoice: typeof choice === 'string' ? choice : { type: 'tool' as const, toolName: choice.tool } }),
    ...(schema === undefined ? {} : { output: Output.object({ schema: jsonSchema(schema) }) }),
    ...(stop === undefined ? {} : { stopSequences: [...stop] }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
  };
}

function toolSet(tools: NonNullable<Question['tools']>): ToolSet {
  return Object.fromEntries(
    tools.map(({ name, description, schema, strict }) => [
      name,
      tool({
        inputSchema: jsonSchema(schema),
        ...(description === undefined ? {} : { description }),
        ...(strict === undefined ? {} : { strict }),
      }),
    ]),
  );
}

function messageOf(turn: Turn): ModelMessage {
  switch (turn.by) {
    case 'user':
      return { role: 'user', content: turn.says.map(partOf) };
    case 'model':
      return {
        role: 'assistant',
        content: [
          ...(turn.says === undefined ? [] : [{ type: 'text' as const, text: turn.says }]),
          ...(turn.calls ?? []).map(({ id, name, input }) => ({
            type: 'tool-call' as const,
            toolCallId: id,
            toolName: name,
            input,
          })),
        ],
      };
    case 'tools':
      return {
        role: 'tool',
        content: turn.results.map(({ id, name, says }) => ({
          type: 'tool-result' as const,
          toolCallId: id,
          toolName: name,
          output: { type: 'text' as const, value: says },
        })),
      };
  }
}

function partOf(part: Part) {
  if ('text' in part) return { type: 'text' as const, text: part.text };
  if ('pdf' in part) return { type: 'file' as const, data: part.pdf, mediaType: 'application/pdf', filename: 'a.pdf' };
  return { type: 'image' as const, image: 'png' in part ? part.png : new URL(part.picture), mediaType: 'image/png' };
}
