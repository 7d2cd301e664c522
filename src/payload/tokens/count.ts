import { type EncodingName, tokenizingOf } from './encodings.ts';
import { isObject, type JsonObject, listAt, stringAt } from './json.ts';
import { type Count, loadTokenizer } from './tokenizer.ts';
import { type Scale, Tally, weighFrame, weighItem, weighMessage } from './weigh.ts';

/** The requests whose prompts can be counted. */
export type CountedOperation = 'chat' | 'responses' | 'embeddings';

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
  if (Array.isArray(body['messages'])) return 'chat';
  if (body['input'] === undefined) return null;
  return (stringAt(body, 'model') ?? '').includes('embed') ? 'embeddings' : 'responses';
}

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
  switch (operation) {
    case 'chat': {
      const messages = listAt(body, 'messages');
      const tally = new Tally();
      for (const message of messages) if (isObject(message)) tally.add(weighMessage(scale, message));
      return told(model, {
        messages: tally,
        frame: weighFrame(scale, body, messages),
        number: messages.length,
        largest: null,
      });
    }
    case 'responses': {
      const items = inputItems(body);
      const tally = new Tally();
      for (const item of items) tally.add(weighItem(scale, item));
      const frame = new Tally().add(weighFrame(scale, body, items));
      if (continuesElsewhere(body)) frame.guess(0);
      return told(model, { messages: tally, frame, number: items.length, largest: null });
    }
    case 'embeddings':
      return countInputs(scale, model, body['input']);
  }
}

/** The items of a Responses input, its instructions first; a text alone is a user's message. */
function inputItems(body: JsonObject): JsonObject[] {
  const instructions = stringAt(body, 'instructions');
  const { input } = body;
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : listAt(body, 'input').filter(isObject);
  return instructions === null ? items : [{ role: 'system', content: instructions }, ...items];
}

/** Whether the prompt goes on from what the provider keeps, which cannot be seen here. */
export function continuesElsewhere(body: JsonObject): boolean {
  const members = [body['previous_response_id'], body['conversation'], body['prompt']];
  return members.some((member) => member !== undefined && member !== null);
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
