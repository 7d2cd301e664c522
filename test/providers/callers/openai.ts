import { APIError, OpenAI } from 'openai';
import type {
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import type { ResponseCreateParamsNonStreaming, ResponseInputItem } from 'openai/resources/responses/responses';
import {
  type Caller,
  DEFAULT_CAP,
  type Heard,
  KEY,
  parsed,
  type Part,
  type Place,
  type Question,
  type Turn,
} from '../question.ts';

function client({ origin, fetch }: Place): OpenAI {
  return new OpenAI({ apiKey: KEY, baseURL: `${origin}/v1`, fetch, maxRetries: 0 });
}

const failure: Caller['failure'] = (error) => {
  if (!(error instanceof APIError)) return { name: String(error), status: undefined };
  return { name: error.constructor.name, status: error.status };
};

// Chat Completions -------------------------------------------------------------------------------------------------

export const openaiChat: Caller = {
  name: 'openai, chat',
  wire: 'chat',
  lacks: [],
  failure,
  async ask(question, asking, place) {
    const request = chatRequest(question, place.model);
    const { completions } = client(place).chat;
    const completion =
      asking === 'whole'
        ? await completions.create(request)
        : await completions
            .stream({ ...request, stream: true, stream_options: { include_usage: true } })
            .finalChatCompletion();
    const [choice] = completion.choices;
    const { message } = choice ?? {};
    const calls = (message?.tool_calls ?? []).flatMap((call) =>
      call.type === 'function' ? [{ name: call.function.name, input: parsed(call.function.arguments) }] : [],
    );
    return {
      text: message?.content ?? '',
      calls,
      ending: message?.refusal ? 'refusal' : (CHAT_ENDINGS[choice?.finish_reason ?? ''] ?? 'end'),
      inputTokens: completion.usage?.prompt_tokens ?? -1,
      outputTokens: completion.usage?.completion_tokens ?? -1,
    };
  },
};

const CHAT_ENDINGS: Readonly<Record<string, Heard['ending']>> = {
  stop: 'end',
  length: 'cap',
  tool_calls: 'calls',
  content_filter: 'refusal',
};

function chatRequest(question: Question, model: string): ChatCompletionCreateParamsNonStreaming {
  const { system, turns, tools, choice, schema, cap = DEFAULT_CAP, stop, temperature, topP, user, effort } = question;
  return {
    model,
    max_completion_tokens: cap,
    messages: [
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      ...turns.flatMap(chatTurn),
    ],
    ...(tools === undefined
      ? {}
      : {
          tools: tools.map(({ name, description, schema: parameters, strict }) => ({
            type: 'function' as const,
            function: { name, parameters, ...(description ? { description } : {}), ...(strict ? { strict } : {}) },
          })),
        }),
    ...(choice === undefined
      ? {}
      : { tool_choice: typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.tool } } }),
    ...(question.alone ? { parallel_tool_calls: false } : {}),
    ...(schema === undefined
      ? {}
      : { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } } }),
    ...(stop === undefined ? {} : { stop: [...stop] }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(user === undefined ? {} : { safety_identifier: user }),
    ...(effort === undefined ? {} : { reasoning_effort: effort }),
  };
}

function chatTurn(turn: Turn): ChatCompletionMessageParam[] {
  switch (turn.by) {
    case 'user':
      return [{ role: 'user', content: turn.says.map(chatPart) }];
    case 'model':
      return [
        {
          role: 'assistant',
          content: turn.says ?? null,
          ...(turn.calls === undefined
            ? {}
            : {
                tool_calls: turn.calls.map(({ id, name, input }) => ({
                  id,
                  type: 'function' as const,
                  function: { name, arguments: JSON.stringify(input) },
                })),
              }),
        },
      ];
    case 'tools':
      return turn.results.map(({ id, says }) => ({ role: 'tool' as const, tool_call_id: id, content: says }));
  }
}

function chatPart(part: Part) {
  if ('text' in part) return { type: 'text' as const, text: part.text };
  if ('pdf' in part) {
    const file_data = `data:application/pdf;base64,${part.pdf}`;
    return { type: 'file' as const, file: { filename: 'a.pdf', file_data } };
  }
  return { type: 'image_url' as const, image_url: { url: pictureOf(part) } };
}

function pictureOf(part: { readonly png: string } | { readonly picture: string }): string {
  return 'png' in part ? `data:image/png;base64,${part.png}` : part.picture;
}

// Responses --------------------------------------------------------------------------------------------------------

export const openaiResponses: Caller = {
  name: 'openai, responses',
  wire: 'responses',
  lacks: ['stop'],
  failure,
  async ask(question, asking, place) {
    const request = responsesRequest(question, place.model);
    const { responses } = client(place);
    const response =
      asking === 'whole'
        ? await responses.create(request)
        : await responses.stream({ ...request, stream: true }).finalResponse();
    const calls = response.output.flatMap((item) =>
      item.type === 'function_call' ? [{ name: item.name, input: parsed(item.arguments) }] : [],
    );
    const reason = response.incomplete_details?.reason;
    const refused = response.output.some(
      (item) => item.type === 'message' && item.content.some(({ type }) => type === 'refusal'),
    );
    const ending =
      reason === 'max_output_tokens'
        ? 'cap'
        : refused || reason === 'content_filter'
          ? 'refusal'
          : calls.length > 0
            ? 'calls'
            : 'end';
    return {
      text: response.output_text,
      calls,
      ending,
      inputTokens: response.usage?.input_tokens ?? -1,
      outputTokens: response.usage?.output_tokens ?? -1,
    };
  },
};

function responsesRequest(question: Question, model: string): ResponseCreateParamsNonStreaming {
  const { system, turns, tools, choice, schema, cap = DEFAULT_CAP, temperature, topP, user, effort } = question;
  return {
    model,
    store: false,
    max_output_tokens: cap,
    input: turns.flatMap(items),
    ...(system === undefined ? {} : { instructions: system }),
    ...(tools === undefined
      ? {}
      : {
          tools: tools.map(({ name, description, schema: parameters, strict = false }) => ({
            type: 'function' as const,
            name,
            parameters: { ...parameters },
            strict,
            ...(description ? { description } : {}),
          })),
        }),
    ...(choice === undefined
      ? {}
      : { tool_choice: typeof choice === 'string' ? choice : { type: 'function', name: choice.tool } }),
    ...(question.alone ? { parallel_tool_calls: false } : {}),
    ...(schema === undefined
      ? {}
      : { text: { format: { type: 'json_schema', name: 'answer', schema: { ...schema }, strict: true } } }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(user === undefined ? {} : { safety_identifier: user }),
    ...(effort === undefined ? {} : { reasoning: { effort } }),
  };
}

function items(turn: Turn): ResponseInputItem[] {
  switch (turn.by) {
    case 'user':
      return [{ role: 'user', content: turn.says.map(inputPart) }];
    case 'model':
      return [
        ...(turn.says === undefined ? [] : [{ role: 'assistant' as const, content: turn.says }]),
        ...(turn.calls ?? []).map(({ id, name, input }) => ({
          type: 'function_call' as const,
          call_id: id,
          name,
          arguments: JSON.stringify(input),
        })),
      ];
    case 'tools':
      return turn.results.map(({ id, says }) => ({ type: 'function_call_output' as const, call_id: id, output: says }));
  }
}

function inputPart(part: Part) {
  if ('text' in part) return { type: 'input_text' as const, text: part.text };
  if ('pdf' in part) {
    const file_data = `data:application/pdf;base64,${part.pdf}`;
    return { type: 'input_file' as const, filename: 'a.pdf', file_data };
  }
  return { type: 'input_image' as const, detail: 'auto' as const, image_url: pictureOf(part) };
}
