import { generate } from '../generation.ts';
import type { Choice, GenerationRequest } from '../generation.ts';
import { isObject, listAt, numberAt, objectAt, stringAt } from '../json.ts';
import type { JsonObject } from '../json.ts';
import { callsOfAll } from '../parallel.ts';
import { readConversation } from '../prompt.ts';
import { jsonAnswer, streamScript, wholeScript } from '../script.ts';
import type { Script } from '../script.ts';
import { stoppedBy } from '../stops.ts';
import type { Received, Upstream } from '../upstream.ts';
import { checkMessages } from './checks.ts';
import { messageWrites } from './events.ts';
import { wholeMessage } from './message.ts';
import type { Block, Message } from './message.ts';
import { claudeTraits } from './models.ts';
import { invalid } from './refusals.ts';

/** POST /v1/messages */
export function messages(received: Received, upstream: Upstream): Script {
  const body = received.json;
  if (body === null)
    return wholeScript(upstream.about(received, 'messages'), invalid('The request body is not valid JSON'));
  const prompt = readConversation(itemsOf(body));
  const about = upstream.about(received, 'messages', prompt.tokens);
  const refused = checkMessages(body, received.headers, about, upstream);
  if (refused !== null) return wholeScript(about, refused);
  const message = messageOf(body, received, upstream, prompt);
  const pace = upstream.latency.draw();
  if (body['stream'] === true) return streamScript(about, messageWrites(message, pace));
  const wait = pace.firstTokenMs + pace.gaps(message.outputTokens);
  return wholeScript(about, jsonAnswer(200, wholeMessage(message)), wait);
}

/** POST /v1/messages/count_tokens */
export function countTokens(received: Received, upstream: Upstream): Script {
  const { tokens } = readConversation(itemsOf(received.json ?? {}));
  return wholeScript(upstream.about(received, 'other'), jsonAnswer(200, { input_tokens: tokens }));
}

/** The conversation as a chat would have it, so that the same question has the same answer on both wires. */
function itemsOf(body: JsonObject): readonly JsonObject[] {
  const { system } = body;
  const instructions = typeof system === 'string' ? [system] : listAt(body, 'system').map(textIn);
  const turns = listAt(body, 'messages').filter(isObject);
  return [
    ...instructions.map((content) => ({ role: 'system', content })),
    ...turns.flatMap(({ role, content }): JsonObject[] => {
      const blocks = Array.isArray(content) ? content.filter(isObject) : [{ type: 'text', text: content }];
      const results = blocks.filter(({ type }) => type === 'tool_result');
      const said = blocks.filter(({ type }) => type !== 'tool_result');
      const parts = said.map((block) =>
        block['type'] === 'tool_use' ? { text: JSON.stringify(block['input']) } : block,
      );
      return [
        ...results.map((block) => ({ role: 'tool', content: block['content'] })),
        ...(parts.length > 0 ? [{ role, content: parts }] : []),
      ];
    }),
  ];
}

function textIn(block: unknown): string {
  return isObject(block) ? (stringAt(block, 'text') ?? '') : '';
}

function messageOf(
  body: JsonObject,
  received: Received,
  upstream: Upstream,
  prompt: GenerationRequest['prompt'],
): Message {
  const thinks = (objectAt(body, 'thinking')?.['type'] ?? 'disabled') !== 'disabled';
  const request: GenerationRequest = {
    prompt,
    traits: { ...claudeTraits(received.model), reasoning: thinks },
    cap: numberAt(body, 'max_tokens'),
    choices: 1,
    tools: listAt(body, 'tools').filter(isObject).map(toolOf),
    toolChoice: toolChoiceOf(objectAt(body, 'tool_choice')),
    format: objectAt(objectAt(body, 'output_config') ?? {}, 'format'),
    effort: stringAt(objectAt(body, 'output_config') ?? {}, 'effort'),
  };
  const single = objectAt(body, 'tool_choice')?.['disable_parallel_tool_use'] === true;
  const calls = single ? [] : callsOfAll(request, received, upstream);
  const choices = calls.length > 0 ? calls : generate(request, received, upstream);
  return composed(choices, listAt(body, 'stop_sequences'), received, upstream, prompt.tokens);
}

function toolOf(tool: JsonObject): JsonObject {
  return { name: tool['name'], parameters: tool['input_schema'] };
}

function toolChoiceOf(choice: JsonObject | null): unknown {
  if (choice === null) return 'auto';
  if (choice['type'] === 'tool') return { name: choice['name'] };
  return choice['type'] === 'any' ? 'required' : choice['type'];
}

/** What a model thinks, for want of anything better. */
const THOUGHTS = ['Let', ' me', ' think', ' about', ' this', '.'];

function composed(
  choices: readonly Choice[],
  stops: readonly unknown[],
  received: Received,
  upstream: Upstream,
  inputTokens: number,
): Message {
  const thinkingTokens = choices[0]?.reasoningTokens ?? 0;
  const spoken = choices.map(blockOf);
  const [first] = spoken;
  const stop = first?.type === 'text' ? stoppedBy(first.pieces, stops) : null;
  const blocks = stop === null ? spoken : [{ type: 'text' as const, pieces: stop.pieces }];
  const thoughts = thinkingTokens > 0 ? [{ type: 'thinking' as const, pieces: THOUGHTS }] : [];
  return {
    id: upstream.id('msg_', 24),
    model: received.model,
    blocks: [...thoughts, ...blocks.filter(({ pieces }) => pieces.length > 0)],
    stopReason: stop === null ? stopReasonOf(choices) : 'stop_sequence',
    stopSequence: stop?.at ?? null,
    inputTokens,
    outputTokens: blocks.reduce((sum, { pieces }) => sum + pieces.length, thinkingTokens),
    thinkingTokens,
  };
}

function stopReasonOf(choices: readonly Choice[]): string {
  if (choices.some(({ cut }) => cut)) return 'max_tokens';
  return choices.some(({ answer }) => answer.kind === 'tool') ? 'tool_use' : 'end_turn';
}

function blockOf({ answer, pieces }: Choice): Block {
  if (answer.kind === 'text') return { type: 'text', pieces };
  return { type: 'tool_use', id: answer.id.replace('call_', 'toolu_'), name: answer.name, pieces };
}
