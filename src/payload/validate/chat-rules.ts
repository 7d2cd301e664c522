import { checkModelNamed } from './common-fields.ts';
import { isObject } from './fields.ts';
import type { Inspection } from './inspection.ts';
import { emptyList, onlyWith, problem } from './problem.ts';
import { quoted } from './quoted.ts';
import { checkParameters, checkStrictSchema } from './schema-rules.ts';
import { saysJson } from './json-word.ts';

type Request = Readonly<Record<string, unknown>>;

/** What the fields of a chat request have to do with one another. */
export function checkChatRules(request: Request, on: Inspection): void {
  const { messages, tools } = request;
  checkModelNamed(request, on);
  if (Array.isArray(messages)) checkConversation(messages, on);
  if (Array.isArray(tools)) checkTools(tools, on);
  if (!Array.isArray(tools) || tools.length === 0) checkWithoutTools(request, on);
  else if (isObject(request['tool_choice'])) checkToolChoice(request['tool_choice'], tools, on);
  checkOptions(request, on);
  if (isObject(request['response_format'])) checkFormat(request['response_format'], request, on);
}

/** Calls of tools and their results come in pairs, at once and in order; content may be null only where a call stands for it. */
function checkConversation(messages: readonly unknown[], on: Inspection): void {
  let waiting: ToolCalls | null = null;
  for (let at = 0; at < messages.length && !on.full; at += 1) {
    const message = messages[at];
    if (!isObject(message)) continue;
    const { role, content } = message;
    if (role === 'tool') {
      checkResult(message, at, waiting, on);
      continue;
    }
    if (waiting !== null) waiting.end(at, on);
    waiting = null;
    if (content === null && !(role === 'assistant' && standsForContent(message))) nullContent(role, at, on);
    if (role !== 'assistant') continue;
    const { tool_calls: calls } = message;
    if (calls === null || (Array.isArray(calls) && calls.length === 0)) noCalls(calls, at, on);
    else if (Array.isArray(calls)) waiting = new ToolCalls(calls, at);
    if (content === undefined && !standsForContent(message)) nullContent(role, at, on);
  }
  if (!on.full) waiting?.end(null, on);
}

/** The calls of one assistant message, and which of them have been answered. */
class ToolCalls {
  readonly ids: ReadonlySet<string>;
  readonly #answered = new Set<string>();
  readonly #at: number;

  constructor(calls: readonly unknown[], at: number) {
    const ids = calls.map((call) => (isObject(call) ? call['id'] : null));
    this.ids = new Set(ids.filter((id) => typeof id === 'string'));
    this.#at = at;
  }

  answer(id: string): boolean {
    this.#answered.add(id);
    return this.ids.has(id);
  }

  /** The message at `next` is no result, or there is none: what has not been answered by now never is. */
  end(next: number | null, on: Inspection): void {
    const open = [...this.ids].filter((id) => !this.#answered.has(id));
    if (open.length === 0) return;
    on.add(
      problem({
        rule: 'tool-pairs',
        param: next === null ? 'messages' : `messages.[${next}].role`,
        message:
          "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. " +
          `The following tool_call_ids did not have response messages: ${open
            .slice(0, 10)
            .map((id) => quoted(id).slice(1, -1))
            .join(', ')}`,
        fix: `Send a tool message with each of these ids right after messages[${this.#at}], or remove the calls.`,
      }),
    );
  }
}

function checkResult(message: Record<string, unknown>, at: number, waiting: ToolCalls | null, on: Inspection): void {
  if (message['content'] === null) nullContent('tool', at, on);
  const { tool_call_id: id } = message;
  if (waiting === null) {
    on.add(
      problem({
        rule: 'tool-pairs',
        param: `messages.[${at}].role`,
        message:
          "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
        fix: `Put the assistant message that made the call before messages[${at}], or remove the result.`,
      }),
    );
  } else if (typeof id === 'string' && !waiting.answer(id)) {
    on.add(
      problem({
        rule: 'tool-pairs',
        param: `messages.[${at}].tool_call_id`,
        message: `Invalid parameter: 'tool_call_id' of ${quoted(id)} not found in 'tool_calls' of previous message.`,
        fix: `Use the id of the call it answers: ${[...waiting.ids].slice(0, 5).map(quoted).join(', ')}.`,
      }),
    );
  }
}

function standsForContent(message: Record<string, unknown>): boolean {
  const { tool_calls: calls, function_call: call, audio, refusal } = message;
  return (Array.isArray(calls) && calls.length > 0) || isObject(call) || isObject(audio) || typeof refusal === 'string';
}

function nullContent(role: unknown, at: number, on: Inspection): void {
  // An empty result and an empty turn say the same as a null one; a user's empty question does not.
  const plain = role === 'tool' || role === 'assistant';
  on.add(
    problem({
      rule: 'null-content',
      param: `messages.[${at}].content`,
      message: "Invalid value for 'content': expected a string, got null.",
      fix: plain ? `Send "" as the content of messages[${at}].` : `Send a text as the content of messages[${at}].`,
      repair: plain ? { name: 'null-content', path: ['messages', at, 'content'], change: 'put', with: '' } : null,
    }),
  );
}

function noCalls(calls: unknown, at: number, on: Inspection): void {
  const param = `messages[${at}].tool_calls`;
  const repair = { name: 'no-tool-calls', path: ['messages', at, 'tool_calls'], change: 'remove' } as const;
  if (calls !== null) return on.add(emptyList(param, repair));
  on.add(
    problem({
      rule: 'tool-calls',
      param,
      code: 'invalid_type',
      message: `Invalid type for '${param}': expected an array of objects, but got null instead.`,
      fix: `Leave ${param} out where there are no calls.`,
      repair,
    }),
  );
}

function checkTools(tools: readonly unknown[], on: Inspection): void {
  if (tools.length === 0) {
    on.add(emptyList('tools', { name: 'no-tools', path: ['tools'], change: 'remove' }));
    return;
  }
  for (const [at, tool] of tools.entries()) {
    if (!isObject(tool) || !isObject(tool['function'])) continue;
    const { name, parameters, strict } = tool['function'];
    const owner = { noun: 'function', name, param: ['tools', at, 'function', 'parameters'] } as const;
    if (strict === true) checkStrictSchema(parameters, owner, on);
    else checkParameters(parameters, owner, on);
  }
}

function checkWithoutTools({ tool_choice: choice, parallel_tool_calls: parallel }: Request, on: Inspection): void {
  if (choice !== undefined && choice !== null && choice !== 'none' && choice !== 'auto') {
    on.add(
      onlyWith(
        'tool_choice',
        "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
        'Declare the tools, or leave tool_choice out.',
      ),
    );
  }
  if (parallel !== undefined && parallel !== null) {
    on.add(
      onlyWith(
        'parallel_tool_calls',
        "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.",
        'Leave parallel_tool_calls out where there are no tools.',
        { name: 'parallel-tool-calls', path: ['parallel_tool_calls'], change: 'remove' },
      ),
    );
  }
}

function checkToolChoice(choice: Record<string, unknown>, tools: readonly unknown[], on: Inspection): void {
  const { type } = choice;
  if (type !== 'function' && type !== 'custom') return;
  const wanted = isObject(choice[type]) ? choice[type]['name'] : undefined;
  if (typeof wanted !== 'string') return;
  const names = tools.map((tool) => (isObject(tool) && isObject(tool[type]) ? tool[type]['name'] : undefined));
  if (names.includes(wanted)) return;
  on.add(
    problem({
      rule: 'tool-choice',
      param: 'tool_choice',
      message: `Invalid value for 'tool_choice': ${quoted(wanted)} not found in 'tools'.`,
      fix: `Choose one of the declared tools: ${names
        .filter((name) => typeof name === 'string')
        .slice(0, 10)
        .map(quoted)
        .join(', ')}.`,
    }),
  );
}

function checkOptions(request: Request, on: Inspection): void {
  const {
    stream,
    stream_options: streamOptions,
    logprobs,
    top_logprobs: topLogprobs,
    modalities,
    audio,
    prediction,
    n,
  } = request;
  if (isObject(streamOptions) && stream !== true) on.add(streamOptionsAlone());
  if (typeof topLogprobs === 'number' && logprobs !== true) {
    on.add(
      onlyWith(
        'top_logprobs',
        "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
        'Send logprobs: true with it.',
      ),
    );
  }
  if (Array.isArray(modalities) && modalities.includes('audio') && !isObject(audio)) {
    on.add(
      problem({
        rule: 'only-with',
        param: 'audio',
        code: 'missing_required_parameter',
        message: "Missing required parameter: 'audio', which modalities with 'audio' need.",
        fix: 'Add audio: {"voice": "alloy", "format": "mp3"}, or leave audio out of modalities.',
      }),
    );
  }
  if (stream === true && isObject(audio) && typeof audio['format'] === 'string' && audio['format'] !== 'pcm16') {
    on.add(
      problem({
        rule: 'value',
        param: 'audio.format',
        code: 'unsupported_value',
        message: `Unsupported value: 'audio.format' does not support ${quoted(audio['format'])} when stream=true. Supported values are: 'pcm16'.`,
        fix: 'Stream audio as pcm16, or do not stream.',
      }),
    );
  }
  if (isObject(prediction) && typeof n === 'number' && n > 1) {
    on.add(
      onlyWith(
        'n',
        "Invalid value for 'n': only 1 is allowed with 'prediction'.",
        'Ask for one choice, or leave prediction out.',
      ),
    );
  }
}

/** `stream_options` without a stream; nothing is lost with it. */
export function streamOptionsAlone(): ReturnType<typeof problem> {
  return onlyWith(
    'stream_options',
    "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
    'Leave stream_options out, or send stream: true.',
    { name: 'stream-options', path: ['stream_options'], change: 'remove' },
  );
}

function checkFormat(format: Record<string, unknown>, { messages }: Request, on: Inspection): void {
  if (format['type'] === 'json_object' && Array.isArray(messages) && !saysJson(messages)) {
    on.add(
      problem({
        rule: 'json-word',
        param: 'messages',
        message:
          "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
        fix: 'Say in a message that you want JSON, or use response_format of type json_schema.',
      }),
    );
  }
  const { json_schema: declared } = format;
  if (format['type'] !== 'json_schema' || !isObject(declared) || declared['strict'] !== true) return;
  checkStrictSchema(
    declared['schema'],
    { noun: 'response_format', name: declared['name'], param: ['response_format'] },
    on,
  );
}
