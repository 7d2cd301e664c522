import { hash } from 'node:crypto';
import type { CountedOperation } from '../tokens/count.ts';
import { isObject, type JsonObject, listAt, stringAt } from '../tokens/json.ts';
import type { Count } from '../tokens/tokenizer.ts';
import { type Scale, weighItem, weighMessage } from '../tokens/weigh.ts';

/** The operations that have a conversation in them. */
export type FittedOperation = Exclude<CountedOperation, 'embeddings'>;

/**
 * What a part is to the conversation. `guide`: instructions of the application, never touched. `state`: it stands for what
 * the provider keeps, so nobody here knows what depends on it.
 */
type Role = 'guide' | 'user' | 'assistant' | 'result' | 'state';

/** Something in a part that can be made smaller. */
export interface Piece {
  /** Its place in the part's list of contents; -1: the content is the text itself. */
  readonly at: number;
  readonly tokens: number;
}

/** One message of a conversation, or one item of a Responses input, and what is to be known of it. Never changed. */
export interface Part {
  readonly message: JsonObject;
  readonly role: Role;
  readonly tokens: number;
  /** Names the part by all that it says. */
  readonly digest: string;
  /** Calls of tools that it makes. */
  readonly calls: readonly string[];
  /** The call whose result it is. */
  readonly answers: string | null;
  /** It may not stand without the part after it, as reasoning may not without what it led to. */
  readonly leads: boolean;
  /** Texts that people paste and tools put out: what can be shortened. */
  readonly texts: readonly Piece[];
  readonly pictures: readonly Piece[];
}

/** Texts below this many characters are not worth being shortened. */
const SHORT_TEXT = 256;

/** Parts remembered by one scales; a conversation comes back with every turn, so nearly all of it is known. */
const REMEMBERED = 100_000;

/** Weighs the parts of conversations, each only once. */
export class Scales {
  readonly #scale: Scale;
  readonly #operation: FittedOperation;
  readonly #known = new Map<string, Part>();

  constructor(operation: FittedOperation, scale: Scale) {
    this.#operation = operation;
    this.#scale = scale;
  }

  weigh(message: JsonObject): Part {
    const digest = hash('sha256', JSON.stringify(message), 'base64');
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    const part = this.#read(message, digest);
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(digest, part);
    return part;
  }

  /** The part that `make` makes of a part, made once for each `how`: what is shortened now is shortened so in the next turn. */
  changed(part: Part, how: string, make: () => JsonObject): Part {
    const key = `${part.digest} ${how}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = this.weigh(make());
    this.#known.set(key, made);
    return made;
  }

  count(text: string): number {
    return this.#scale.count(text).tokens;
  }

  #read(message: JsonObject, digest: string): Part {
    const counts = new Map<string, Count>();
    const noting: Scale = {
      model: this.#scale.model,
      count: (text) => {
        const count = this.#scale.count(text);
        counts.set(text, count);
        return count;
      },
    };
    const { tokens } = (this.#operation === 'chat' ? weighMessage : weighItem)(noting, message);
    const role = roleOf(message);
    const { texts, pictures } = role === 'guide' ? NO_PIECES : piecesOf(message, role, noting, counts);
    return {
      message,
      role,
      tokens,
      digest,
      calls: callsOf(message),
      answers: answeredBy(message),
      leads: message['type'] === 'reasoning',
      texts,
      pictures,
    };
  }
}

function roleOf(message: JsonObject): Role {
  switch (message['role']) {
    case 'system':
    case 'developer':
      return 'guide';
    case 'user':
      return 'user';
    case 'tool':
    case 'function':
      return 'result';
    case 'assistant':
      return 'assistant';
    default:
  }
  const type = stringAt(message, 'type') ?? '';
  if (type === 'item_reference') return 'state';
  return type.endsWith('_output') || type === 'mcp_approval_response' ? 'result' : 'assistant';
}

/** The old way of calling functions has no ids: a result belongs to the last call of its name. */
function callsOf(message: JsonObject): string[] {
  const calls: string[] = [];
  for (const call of listAt(message, 'tool_calls')) {
    const id = isObject(call) ? stringAt(call, 'id') : null;
    if (id !== null) calls.push(id);
  }
  const old = message['function_call'];
  if (isObject(old)) calls.push(`function ${stringAt(old, 'name') ?? ''}`);
  const type = stringAt(message, 'type') ?? '';
  const id = type === 'mcp_approval_request' ? stringAt(message, 'id') : stringAt(message, 'call_id');
  if (id !== null && !type.endsWith('_output')) calls.push(id);
  return calls;
}

function answeredBy(message: JsonObject): string | null {
  if (message['role'] === 'tool') return stringAt(message, 'tool_call_id') ?? '';
  if (message['role'] === 'function') return `function ${stringAt(message, 'name') ?? ''}`;
  const type = stringAt(message, 'type') ?? '';
  if (type === 'mcp_approval_response') return stringAt(message, 'approval_request_id') ?? '';
  return type.endsWith('_output') ? (stringAt(message, 'call_id') ?? '') : null;
}

const NO_PIECES = { texts: [], pictures: [] } as const;

function piecesOf(
  message: JsonObject,
  role: Role,
  scale: Scale,
  counts: ReadonlyMap<string, Count>,
): { readonly texts: readonly Piece[]; readonly pictures: readonly Piece[] } {
  const content = contentOf(message);
  const shortens = role === 'user' || role === 'result';
  if (typeof content === 'string') {
    const tokens = counts.get(content)?.tokens ?? 0;
    return shortens && content.length >= SHORT_TEXT ? { texts: [{ at: -1, tokens }], pictures: [] } : NO_PIECES;
  }
  if (!Array.isArray(content)) return NO_PIECES;
  const texts: Piece[] = [];
  const pictures: Piece[] = [];
  for (const [at, piece] of content.entries()) {
    if (!isObject(piece)) continue;
    const text = stringAt(piece, 'text');
    if (text !== null && shortens && text.length >= SHORT_TEXT)
      texts.push({ at, tokens: counts.get(text)?.tokens ?? 0 });
    else if (isPicture(piece)) pictures.push({ at, tokens: weighMessage(scale, { content: [piece] }).tokens });
  }
  return texts.length + pictures.length === 0 ? NO_PIECES : { texts, pictures };
}

/** Where a part says what it says: `content`, or `output` for the result of a tool in a Responses input. */
export function contentOf(message: JsonObject): unknown {
  return message['content'] ?? message['output'];
}

function isPicture(piece: JsonObject): boolean {
  return piece['type'] === 'image_url' || piece['type'] === 'input_image';
}
