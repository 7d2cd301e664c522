import Anthropic, { APIError } from '@anthropic-ai/sdk';
import type {
  ContentBlockParam,
  MessageCreateParamsNonStreaming,
  MessageParam,
} from '@anthropic-ai/sdk/resources/messages';
import { type Caller, DEFAULT_CAP, type Heard, KEY, type Part, type Question, type Turn } from '../question.ts';

export const anthropicMessages: Caller = {
  name: 'anthropic',
  wire: 'messages',
  lacks: [],
  failure(error) {
    if (!(error instanceof APIError)) return { name: String(error), status: undefined };
    return { name: error.constructor.name, status: error.status };
  },
  async ask(question, asking, { origin, fetch, model }) {
    const { messages } = new Anthropic({ apiKey: KEY, baseURL: `${origin}/anthropic`, fetch, maxRetries: 0 });
    const request = messagesRequest(question, model);
    const message = asking === 'whole' ? await messages.create(request) : await messages.stream(request).finalMessage();
    const { usage } = message;
    return {
      text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
      calls: message.content.flatMap((block) =>
        block.type === 'tool_use' ? [{ name: block.name, input: block.input }] : [],
      ),
      ending: ENDINGS[message.stop_reason ?? ''] ?? 'end',
      inputTokens: usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
      outputTokens: usage.output_tokens,
    };
  },
};

const ENDINGS: Readonly<Record<string, Heard['ending']>> = {
  end_turn: 'end',
  stop_sequence: 'end',
  max_tokens: 'cap',
  tool_use: 'calls',
  refusal: 'refusal',
};

function messagesRequest(question: Question, model: string): MessageCreateParamsNonStreaming {
  const { system, turns, tools, choice, schema, cap = DEFAULT_CAP, stop, temperature, topP, user, effort } = question;
  const alone = question.alone ? { disable_parallel_tool_use: true } : {};
  const mode =
    choice === undefined
      ? question.alone
        ? { type: 'auto' as const, ...alone }
        : null
      : choice === 'none'
        ? { type: 'none' as const }
        : choice === 'required'
          ? { type: 'any' as const, ...alone }
          : { type: 'tool' as const, name: choice.tool, ...alone };
  return {
    model,
    max_tokens: cap,
    messages: joined(turns.map(messageOf)),
    ...(system === undefined ? {} : { system }),
    ...(tools === undefined
      ? {}
      : {
          tools: tools.map(({ name, description, schema: input_schema, strict }) => ({
            name,
            input_schema: { ...input_schema, type: 'object' as const },
            ...(description ? { description } : {}),
            ...(strict ? { strict } : {}),
          })),
        }),
    ...(mode === null ? {} : { tool_choice: mode }),
    ...(schema === undefined && effort === undefined
      ? {}
      : {
          output_config: {
            ...(schema === undefined ? {} : { format: { type: 'json_schema' as const, schema: { ...schema } } }),
            ...(effort === undefined ? {} : { effort }),
          },
        }),
    ...(effort === undefined ? {} : { thinking: { type: 'adaptive' as const } }),
    ...(stop === undefined ? {} : { stop_sequences: [...stop] }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(user === undefined ? {} : { metadata: { user_id: user } }),
  };
}

/** The wire wants the sides to take turns. */
function joined(messages: readonly Spoken[]): MessageParam[] {
  const out: Spoken[] = [];
  for (const { role, content } of messages) {
    const last = out.at(-1);
    if (last?.role === role) last.content.push(...content);
    else out.push({ role, content: [...content] });
  }
  return out;
}

interface Spoken {
  readonly role: 'user' | 'assistant';
  readonly content: ContentBlockParam[];
}

function messageOf(turn: Turn): Spoken {
  switch (turn.by) {
    case 'user':
      return { role: 'user', content: turn.says.map(blockOf) };
    case 'model':
      return {
        role: 'assistant',
        content: [
          ...(turn.says === undefined ? [] : [{ type: 'text' as const, text: turn.says }]),
          ...(turn.calls ?? []).map(({ id, name, input }) => ({ type: 'tool_use' as const, id, name, input })),
        ],
      };
    case 'tools':
      return {
        role: 'user',
        content: turn.results.map(({ id, says }) => ({
          type: 'tool_result' as const,
          tool_use_id: id,
          ...(says === '' ? {} : { content: says }),
        })),
      };
  }
}

function blockOf(part: Part): ContentBlockParam {
  if ('text' in part) return { type: 'text', text: part.text };
  if ('pdf' in part) {
    return { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: part.pdf } };
  }
  if ('picture' in part) return { type: 'image', source: { type: 'url', url: part.picture } };
  return { type: 'image', source: { type: 'base64', media_type: 'image/png', data: part.png } };
}
