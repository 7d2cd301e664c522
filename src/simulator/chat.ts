import { checkChat, chatOutputCap } from './checks.ts';
import type { Choice } from './generation.ts';
import { listAt, numberAt, objectAt, stringAt } from './json.ts';
import type { JsonObject } from './json.ts';
import type { Pace } from './latency.ts';
import { traitsOf } from './models.ts';
import { speak } from './parallel.ts';
import type { Spoken } from './parallel.ts';
import { readConversation } from './prompt.ts';
import type { Prompt } from './prompt.ts';
import { invalidJson } from './refusals.ts';
import { jsonAnswer, streamScript, wholeScript, write } from './script.ts';
import type { About, Script, Write } from './script.ts';
import { stoppedBy } from './stops.ts';
import type { Received, Upstream } from './upstream.ts';

/** POST /v1/chat/completions */
export function chat(received: Received, upstream: Upstream): Script {
  const body = received.json;
  if (body === null) return wholeScript(upstream.about(received, 'chat'), invalidJson());
  const prompt = readConversation(listAt(body, 'messages'));
  const about = upstream.about(received, 'chat', prompt.tokens);
  const refused = checkChat(body, about, upstream);
  if (refused !== null) return wholeScript(about, refused);
  const spoken = speak(
    {
      prompt,
      traits: traitsOf(received.model),
      cap: chatOutputCap(body),
      choices: numberAt(body, 'n') ?? 1,
      tools: listAt(body, 'tools'),
      toolChoice: body['tool_choice'],
      format: objectAt(body, 'response_format'),
      effort: stringAt(body, 'reasoning_effort'),
    },
    body['parallel_tool_calls'] !== false,
    received,
    upstream,
  );
  const stops = typeof body['stop'] === 'string' ? [body['stop']] : listAt(body, 'stop');
  const choices = stops.length === 0 ? spoken : spoken.map((choice) => stopped(choice, stops));
  const usage = chatUsage(prompt, choices);
  const pace = upstream.latency.draw();
  const frame = new ChatFrame(upstream, received);
  if (body['stream'] === true) {
    const includeUsage = objectAt(body, 'stream_options')?.['include_usage'] === true;
    return streamScript(about, chatWrites(choices, frame, pace, includeUsage ? usage : null));
  }
  const wait = pace.firstTokenMs + pace.gaps(Math.max(...choices.map((choice) => choice.outputTokens)));
  return wholeScript(about, jsonAnswer(200, wholeChat(choices, frame, usage, about)), wait);
}

/** The choice up to the first of the texts that end it. */
function stopped(choice: Spoken, stops: readonly unknown[]): Spoken {
  const stop = choice.answer.kind === 'text' ? stoppedBy(choice.pieces, stops) : null;
  if (stop === null) return choice;
  const { pieces } = stop;
  return { ...choice, pieces, cut: false, outputTokens: choice.reasoningTokens + pieces.length };
}

/** What every chunk of one completion repeats. */
class ChatFrame {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly azure: boolean;
  readonly #lead: string;

  constructor(upstream: Upstream, received: Received) {
    this.id = upstream.id('chatcmpl-', 29);
    this.created = upstream.seconds();
    this.model = received.model;
    this.azure = received.azure;
    // Built once: a long answer repeats it with every token.
    this.#lead =
      `data: {"id":"${this.id}","object":"chat.completion.chunk","created":${this.created},` +
      `"model":${JSON.stringify(this.model)},"service_tier":"default","system_fingerprint":"fp_simulator","choices":`;
  }

  chunk(choices: unknown, tail: string): string {
    return `${this.#lead}${JSON.stringify(choices)}${tail}}\n\n`;
  }
}

function chatUsage(prompt: Prompt, choices: readonly Spoken[]): JsonObject {
  const completion = choices.reduce((sum, choice) => sum + choice.outputTokens, 0);
  const reasoning = choices.reduce((sum, choice) => sum + choice.reasoningTokens, 0);
  return {
    prompt_tokens: prompt.tokens,
    completion_tokens: completion,
    total_tokens: prompt.tokens + completion,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function finishReason(choice: Spoken): string {
  if (choice.cut) return 'length';
  return choice.answer.kind === 'tool' ? 'tool_calls' : 'stop';
}

const SAFE = { filtered: false, severity: 'safe' };
const SAFE_CONTENT = { hate: SAFE, self_harm: SAFE, sexual: SAFE, violence: SAFE };

function wholeChat(choices: readonly Spoken[], frame: ChatFrame, usage: JsonObject, about: About): JsonObject {
  return {
    id: frame.id,
    object: 'chat.completion',
    created: frame.created,
    model: frame.model,
    choices: choices.map((choice, index) => ({
      index,
      message: chatMessage(choice),
      logprobs: null,
      finish_reason: finishReason(choice),
      ...(about.azure ? { content_filter_results: SAFE_CONTENT } : {}),
    })),
    usage,
    service_tier: 'default',
    system_fingerprint: 'fp_simulator',
    ...(about.azure ? { prompt_filter_results: [{ prompt_index: 0, content_filter_results: SAFE_CONTENT }] } : {}),
  };
}

function chatMessage(choice: Spoken): JsonObject {
  if (choice.answer.kind === 'text') {
    return { role: 'assistant', content: choice.pieces.join(''), refusal: null, annotations: [] };
  }
  const calls = [choice, ...choice.more].flatMap(({ answer, pieces }) =>
    answer.kind === 'text'
      ? []
      : [{ id: answer.id, type: 'function', function: { name: answer.name, arguments: pieces.join('') } }],
  );
  return { role: 'assistant', content: null, refusal: null, tool_calls: calls };
}

function chatWrites(choices: readonly Spoken[], frame: ChatFrame, pace: Pace, usage: JsonObject | null): Write[] {
  const tail = usage === null ? '' : ',"usage":null';
  const writes: Write[] = [];
  const longest = Math.max(...choices.map((choice) => choice.pieces.length));
  const thinking = pace.gaps(Math.max(...choices.map((choice) => choice.reasoningTokens)));
  if (frame.azure) {
    const filters = [{ prompt_index: 0, content_filter_results: SAFE_CONTENT }];
    writes.push(write('opening', frame.chunk([], `,"prompt_filter_results":${JSON.stringify(filters)}${tail}`)));
  }
  choices.forEach((choice, index) => {
    const wait = index === 0 ? pace.firstTokenMs + thinking : 0;
    writes.push(write('opening', frame.chunk([openingDelta(choice, index)], tail), wait));
  });
  for (let at = 0; at < longest; at += 1) {
    // Choices are generated side by side: one gap serves the tokens of all of them.
    let wait = at === 0 ? 0 : pace.gap();
    choices.forEach((choice, index) => {
      const piece = choice.pieces[at];
      if (piece === undefined) return;
      writes.push(write('content', frame.chunk([contentDelta(choice, index, piece)], tail), wait));
      wait = 0;
    });
  }
  choices.forEach(({ more }, index) => {
    more.forEach((call, at) => {
      writes.push(write('content', frame.chunk([openingOfCall(call, index, at + 1)], tail), pace.gap()));
      for (const piece of call.pieces) {
        writes.push(write('content', frame.chunk([contentDelta(call, index, piece, at + 1)], tail), pace.gap()));
      }
    });
  });
  choices.forEach((choice, index) => {
    const last = { index, delta: {}, logprobs: null, finish_reason: finishReason(choice) };
    writes.push(write('closing', frame.chunk([last], tail)));
  });
  if (usage !== null) writes.push(write('closing', frame.chunk([], `,"usage":${JSON.stringify(usage)}`)));
  writes.push(write('terminal', 'data: [DONE]\n\n'));
  return writes;
}

/** A call beside the first begins in the midst of the answer. */
function openingOfCall({ answer }: Choice, index: number, number: number): JsonObject {
  const start = answer.kind === 'text' ? {} : { id: answer.id, function: { name: answer.name, arguments: '' } };
  const delta = { tool_calls: [{ index: number, type: 'function', ...start }] };
  return { index, delta, logprobs: null, finish_reason: null };
}

function openingDelta({ answer }: Choice, index: number): JsonObject {
  const delta: Record<string, unknown> = {
    role: 'assistant',
    content: answer.kind === 'text' ? '' : null,
    refusal: null,
  };
  if (answer.kind === 'tool') {
    const start = { name: answer.name, arguments: '' };
    delta['tool_calls'] = [{ index: 0, id: answer.id, type: 'function', function: start }];
  }
  return { index, delta, logprobs: null, finish_reason: null };
}

function contentDelta({ answer }: Choice, index: number, piece: string, call = 0): JsonObject {
  const delta =
    answer.kind === 'text' ? { content: piece } : { tool_calls: [{ index: call, function: { arguments: piece } }] };
  return { index, delta, logprobs: null, finish_reason: null };
}
