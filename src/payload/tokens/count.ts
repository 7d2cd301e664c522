import { type EncodingName, tokenizingOf } from './encodings.ts';
import { isObject, type JsonObject, listAt, stringAt } from './json.ts';
import type { PromptOperation } from '../prompt/prompt-wire.ts';
import { PROMPT_WIRES } from '../prompt/prompt-wires.ts';
import { type Count, loadTokenizer } from './tokenizer.ts';
import { type Scale, Tally } from './weigh.ts';

/** The requests whose prompts can be counted. */
type CountedOperation = PromptOperation | 'embeddings';

/** The tokens of a prompt and where they come from. */
export interface PromptCount {
  readonly model: string;
  readonly encoding: EncodingName;
  /** All of the prompt, in the model's own tokens. */
  readonly tokens: number;
  /**
   * False where something can only be estimated: another vendor's tokenizer, a picture whose size the request does not
   * tell, what the provider keeps.
   */
  readonly exact: boolean;
  /** Messages, items of an input, or texts to embed. */
  readonly messages: number;
  /** Tokens of the messages with what frames each. */
  readonly messageTokens: number;
  /** Tokens of tools, the choice among them, the answer's schema and its beginning. */
  readonly frameTokens: number;
  /** Tokens of the largest text to embed, for which providers have a limit of its own; null for other operations. */
  readonly largestInput: number | null;
}

/** Which operation a request is for, told from its members; null when it is for none that has a prompt. */
export function operationOfBody(body: JsonObject): CountedOperation | null {
  if (Array.isArray(body['contents'])) return 'generate';
  if (Array.isArray(body['messages'])) return isAnthropics(body) ? 'messages' : 'chat';
  if (body['input'] === undefined) return null;
  return (stringAt(body, 'model') ?? '').includes('embed') ? 'embeddings' : 'responses';
}

/** Whether a request with messages says something that only Anthropic's wire says so. */
function isAnthropics(body: JsonObject): boolean {
  if (body['system'] !== undefined) return true;
  if (listAt(body, 'tools').some((tool) => isObject(tool) && tool['input_schema'] !== undefined)) return true;
  const blocks = listAt(body, 'messages').flatMap((message) => (isObject(message) ? listAt(message, 'content') : []));
  return blocks.some((block) => isObject(block) && ANTHROPICS_BLOCKS.has(block['type']));
}

const ANTHROPICS_BLOCKS: ReadonlySet<unknown> = new Set([
  'tool_use',
  'tool_result',
  'image',
  'document',
  'thinking',
  'redacted_thinking',
]);

/** Counts a text as it stands, without the frame of a conversation around it. */
export async function countText(text: string, model: string): Promise<PromptCount> {
  const scale = await scaleFor(model);
  const count = scale.count(text);
  return told(model, { messages: count, frame: new Tally(), number: 1, largest: null });
}

/** Counts the prompt of a request: `body` is its parsed JSON, the model that of the request unless another is given. */
export async function countPrompt(
  operation: CountedOperation,
  body: JsonObject,
  model: string = stringAt(body, 'model') ?? '',
): Promise<PromptCount> {
  const scale = await scaleFor(model);
  if (operation === 'embeddings') return countInputs(scale, model, body['input']);
  const wire = PROMPT_WIRES[operation];
  const said = wire.messagesIn(body);
  const messages = new Tally();
  for (const message of said) messages.add(wire.weigh(scale, message));
  return told(model, { messages, frame: wire.weighFrame(scale, body), number: said.length, largest: null });
}

/** Texts to embed, or their tokens if the caller has made them already. */
function countInputs(scale: Scale, model: string, input: unknown): PromptCount {
  const single = typeof input === 'string' || (Array.isArray(input) && typeof input[0] === 'number');
  const inputs: readonly unknown[] = single ? [input] : Array.isArray(input) ? input : [];
  const messages = new Tally();
  let largest = 0;
  for (const each of inputs) {
    const count = typeof each === 'string' ? scale.count(each) : { tokens: lengthOf(each), exact: true };
    largest = Math.max(largest, count.tokens);
    messages.add(count);
  }
  return told(model, { messages, frame: new Tally(), number: inputs.length, largest });
}

function lengthOf(tokens: unknown): number {
  return Array.isArray(tokens) ? tokens.length : 0;
}

async function scaleFor(model: string): Promise<Scale> {
  const tokenizer = await loadTokenizer(tokenizingOf(model).encoding);
  return { model, count: (text) => tokenizer.count(text) };
}

interface Parts {
  readonly messages: Count;
  readonly frame: Count;
  readonly number: number;
  readonly largest: number | null;
}

function told(model: string, { messages, frame, number, largest }: Parts): PromptCount {
  const { encoding, factor, known } = tokenizingOf(model);
  const scaled = (tokens: number): number => Math.ceil(tokens * factor);
  return {
    model,
    encoding,
    tokens: scaled(messages.tokens + frame.tokens),
    exact: known && messages.exact && frame.exact,
    messages: number,
    messageTokens: scaled(messages.tokens),
    frameTokens: scaled(frame.tokens),
    largestInput: largest === null ? null : scaled(largest),
  };
}
