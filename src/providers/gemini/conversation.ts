import { parse } from '../openai/chat.ts';
import { isObject } from '../openai/request.ts';
import { type Loss, Untranslatable } from '../translation/loss.ts';
import type { Content, Part, TextPart } from './content.ts';
import type { GeminiTraits } from './gemini.ts';
import { partsOf, textsOf } from './parts.ts';
import { callSeal, FOREIGN_SEAL, textSeal } from './seal.ts';

export interface Conversation {
  readonly system: readonly TextPart[];
  readonly contents: readonly Content[];
}

/** Said in the user's place where the wire wants the user to speak and nobody has. */
const GO_ON: TextPart = { text: 'Please continue.' };

/** Chat messages as instructions and the turns of a conversation, beginning with the user's. */
export function conversationOf(messages: unknown, traits: GeminiTraits, losses: Loss[]): Conversation {
  if (!Array.isArray(messages)) throw new Untranslatable('messages', 'a list of messages is needed');
  const system: TextPart[] = [];
  const turns = new Turns();
  for (const [index, message] of messages.entries()) {
    const field = `messages[${index}]`;
    if (!isObject(message)) throw new Untranslatable(field, 'a message has to be an object');
    if (typeof message['name'] === 'string' && message['role'] !== 'tool') {
      losses.push({ field: `${field}.name`, how: 'dropped', why: 'messages have no names on this wire' });
    }
    switch (message['role']) {
      case 'system':
      case 'developer':
        if (turns.any) losses.push({ field, how: 'changed', why: 'instructions stand before the conversation' });
        system.push(...textsOf(message['content'], `${field}.content`, losses));
        break;
      case 'user':
        turns.say('user', partsOf(message['content'], `${field}.content`, losses));
        break;
      case 'assistant':
        turns.say('model', assistantParts(message, field, { traits, turns, losses }));
        break;
      case 'tool':
        turns.answer(toolAnswer(message, field, turns, losses));
        break;
      default:
        throw new Untranslatable(`${field}.role`, `no such role: ${JSON.stringify(message['role'])}`);
    }
  }
  return arranged(system, turns.list, traits, losses);
}

/** Collects turns, joining what the same side says in a row; what tools answered stands in a turn of its own. */
class Turns {
  readonly #turns: { readonly kind: 'user' | 'model' | 'answers'; readonly parts: Part[] }[] = [];
  /** Names of called functions by the ids of their calls: the wire wants an answer to tell whose it is. */
  readonly names: Map<unknown, string> = new Map();

  get any(): boolean {
    return this.#turns.length > 0;
  }

  get list(): readonly Content[] {
    return this.#turns.map(({ kind, parts }) => ({ role: kind === 'model' ? 'model' : 'user', parts }));
  }

  say(kind: 'user' | 'model', parts: readonly Part[]): void {
    if (parts.length === 0) return;
    const last = this.#turns.at(-1);
    if (last?.kind === kind) last.parts.push(...parts);
    else this.#turns.push({ kind, parts: [...parts] });
  }

  /** Answers follow their calls, whatever the user said between them. */
  answer(part: Part): void {
    const spokeSince = this.#turns.at(-1)?.kind === 'user' ? 1 : 0;
    const at = this.#turns.length - spokeSince;
    const before = this.#turns[at - 1];
    if (before?.kind === 'answers') before.parts.push(part);
    else this.#turns.splice(at, 0, { kind: 'answers', parts: [part] });
  }
}

interface AssistantContext {
  readonly traits: GeminiTraits;
  readonly turns: Turns;
  readonly losses: Loss[];
}

function assistantParts(message: Record<string, unknown>, field: string, context: AssistantContext): readonly Part[] {
  const { traits, losses } = context;
  const { content, refusal, reasoning_content: reasoning, tool_calls: calls } = message;
  if (isObject(message['audio'])) throw new Untranslatable(`${field}.audio`, 'an answer in sound is kept at OpenAI');
  if (isObject(message['function_call'])) {
    throw new Untranslatable(`${field}.function_call`, 'write it as tool_calls, which took its place');
  }
  const seal = textSeal(message);
  if (typeof reasoning === 'string' && reasoning !== '' && seal === null) {
    const why = 'a model takes back its own thoughts only under their seal';
    losses.push({ field: `${field}.reasoning_content`, how: 'dropped', why });
  }
  const parts: Part[] = [...textsOf(content, `${field}.content`, losses)];
  if (typeof refusal === 'string') parts.push(...textsOf(refusal, `${field}.refusal`, losses));
  const last = parts.at(-1);
  if (seal !== null && last !== undefined) parts.splice(-1, 1, { ...last, thoughtSignature: seal });
  if (!Array.isArray(calls)) return parts;
  // Of calls made at once only the first is sealed; where none is, they come from another model.
  const foreign = traits.sealed && !calls.some((call) => callSeal(call) !== null);
  for (const [index, call] of calls.entries()) {
    const made = callPart(call, `${field}.tool_calls[${index}]`, context.turns);
    const own = foreign ? FOREIGN_SEAL : callSeal(call);
    parts.push(own === null ? made : { ...made, thoughtSignature: own });
  }
  return parts;
}

function callPart(call: unknown, field: string, turns: Turns): Part {
  const called = isObject(call) ? call['function'] : undefined;
  if (!isObject(call) || !isObject(called))
    throw new Untranslatable(field, 'only functions can be called on this wire');
  const args = readArguments(called['arguments']);
  if (args === null) {
    throw new Untranslatable(`${field}.function.arguments`, 'the arguments have to be one JSON object');
  }
  const name = String(called['name']);
  const { id } = call;
  turns.names.set(id, name);
  return { functionCall: { ...(typeof id === 'string' ? { id } : {}), name, args } };
}

function readArguments(written: unknown): Record<string, unknown> | null {
  if (written === undefined || written === null || written === '') return {};
  const args = typeof written === 'string' ? parse(written) : null;
  return isObject(args) ? args : null;
}

function toolAnswer(message: Record<string, unknown>, field: string, turns: Turns, losses: Loss[]): Part {
  const { content, tool_call_id: id, name: told } = message;
  const name = turns.names.get(id) ?? told;
  if (typeof name !== 'string') {
    throw new Untranslatable(`${field}.tool_call_id`, 'an answer has to tell which call it is for');
  }
  const text = textsOf(content, `${field}.content`, losses)
    .map((part) => part.text)
    .join('');
  return { functionResponse: { ...(typeof id === 'string' ? { id } : {}), name, response: responseOf(text) } };
}

/** The wire wants an object. One that has the wire's own words for an outcome, `output` and `error`, would be taken apart. */
function responseOf(text: string): Readonly<Record<string, unknown>> {
  const said = text.startsWith('{') ? parse(text) : null;
  return isObject(said) && said['output'] === undefined && said['error'] === undefined ? said : { output: text };
}

/** Puts in what the wire insists on: somebody who asks, and the user's word first. */
function arranged(
  system: TextPart[],
  contents: readonly Content[],
  { instructed }: GeminiTraits,
  losses: Loss[],
): Conversation {
  const [first] = contents;
  if (first === undefined) {
    const [instruction] = system.splice(-1);
    if (instruction === undefined) throw new Untranslatable('messages', 'the conversation is empty');
    losses.push({ field: 'messages', how: 'changed', why: 'somebody has to ask: the last instruction does' });
    return arranged(system, [{ role: 'user', parts: [instruction] }], { instructed } as GeminiTraits, losses);
  }
  const all = [...contents];
  if (first.role === 'model') {
    const why = 'the user speaks first on this wire, if only to say: go on';
    losses.push({ field: 'messages', how: 'changed', why });
    all.unshift({ role: 'user', parts: [GO_ON] });
  }
  if (instructed || system.length === 0) return { system, contents: all };
  losses.push({ field: 'messages', how: 'changed', why: 'this model hears its instructions from the user' });
  const [opening, ...rest] = all;
  return { system: [], contents: [{ role: 'user', parts: [...system, ...(opening?.parts ?? [])] }, ...rest] };
}
