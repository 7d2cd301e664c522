import { createHash } from 'node:crypto';
import { type Loss, Untranslatable } from '../translation/loss.ts';
import { isNeutral } from '../translation/rest.ts';
import { findMembers } from './json-bytes.ts';
import { isObject } from './request.ts';

/** What a server takes otherwise than OpenAI does; what is left out is as OpenAI has it. */
export interface Quirks {
  /** Members under another name. */
  readonly renames?: Readonly<Record<string, string>>;
  /** All that it takes besides the model, the messages and the stream; left out, all but `drops`. */
  readonly takes?: readonly string[];
  /** Members that it refuses or reads over. */
  readonly drops?: readonly string[];
  /** Models that take the dropped members all the same. */
  readonly unless?: RegExp;
  /** Members that it need not be told, because it does so anyway. */
  readonly silent?: readonly string[];
  /** Whether messages may name who speaks. @default true */
  readonly names?: false;
  /** Whether it knows the role `developer`. @default true */
  readonly developer?: false;
  /** Whether it can be shown pictures: only those that come with the request, or none. @default any */
  readonly pictures?: 'inline' | 'none';
  /** Whether it holds an answer to a schema. @default true */
  readonly schemas?: false;
  /** Ids of tool calls have nine letters and digits. */
  readonly callIds?: 'nine';
}

type Request = Readonly<Record<string, unknown>>;

const ALWAYS: ReadonlySet<string> = new Set(['model', 'messages', 'stream']);

/** What tells whether a request concerns a server's quirks. */
interface Signs {
  /** Members of the request itself. */
  readonly members: ReadonlySet<string>;
  /** Words within its messages and settings. One may stand in a text, too: then it is looked at for nothing. */
  readonly words: readonly string[];
}

/** Whether anything in a chat request may be taken otherwise; most requests go through as they are. */
export function mayConcern(body: Buffer, quirks: Quirks): boolean {
  if (quirks.takes !== undefined) return true;
  const { members, words } = signsOf(quirks);
  const found = findMembers(body, members);
  return found === null || found.size > 0 || words.some((word) => body.includes(word));
}

const SIGNS = new WeakMap<Quirks, Signs>();

function signsOf(quirks: Quirks): Signs {
  let signs = SIGNS.get(quirks);
  if (signs === undefined) {
    const { renames = {}, drops = [], silent = [], names, developer, pictures, schemas } = quirks;
    signs = {
      members: new Set([...Object.keys(renames), ...drops, ...silent]),
      words: [
        ...(names === false ? ['"name"'] : []),
        ...(developer === false ? ['"developer"'] : []),
        ...(pictures === undefined ? [] : ['"image_url"']),
        ...(schemas === false ? ['"json_schema"'] : []),
      ],
    };
    SIGNS.set(quirks, signs);
  }
  return signs;
}

/**
 * A chat request as a server takes it.
 *
 * @param model the name it goes under.
 * @param losses receives what was left out or changed.
 * @throws {Untranslatable} what cannot be left out without asking something else.
 */
export function adapted(request: Request, model: string, quirks: Quirks, losses: Loss[]): Request {
  const { renames = {}, takes, drops = [], unless, silent = [] } = quirks;
  const isSpared = unless?.test(model) === true;
  const out: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(request)) {
    const name = renames[field] ?? field;
    // The newer name says it again.
    if (name !== field && request[name] !== undefined && value === null) continue;
    const isTaken =
      ALWAYS.has(name) || (takes === undefined ? isSpared || !drops.includes(name) : takes.includes(name));
    if (isTaken) out[name] = value;
    else if (!silent.includes(field) && value !== null && !isNeutral(field, value)) {
      losses.push({ field, how: 'dropped', why: 'this server does not take it' });
    }
  }
  out['model'] = model;
  if (Array.isArray(out['messages']))
    out['messages'] = out['messages'].map((message: unknown, at) => messageOf(message, at, quirks, losses));
  return quirks.schemas === false ? withoutSchema(out, losses) : out;
}

function messageOf(message: unknown, at: number, quirks: Quirks, losses: Loss[]): unknown {
  if (!isObject(message)) return message;
  const { names, developer, pictures, callIds } = quirks;
  const field = `messages[${at}]`;
  const out = { ...message };
  if (developer === false && out['role'] === 'developer') out['role'] = 'system';
  if (names === false && out['role'] !== 'tool' && out['name'] !== undefined) {
    delete out['name'];
    losses.push({ field: `${field}.name`, how: 'dropped', why: 'this server takes no names' });
  }
  if (pictures !== undefined && Array.isArray(out['content'])) lookForPictures(out['content'], pictures, field);
  if (callIds === undefined) return out;
  if (typeof out['tool_call_id'] === 'string') out['tool_call_id'] = ofNine(out['tool_call_id']);
  if (Array.isArray(out['tool_calls'])) {
    out['tool_calls'] = out['tool_calls'].map((call: unknown) =>
      isObject(call) ? { ...call, id: ofNine(String(call['id'])) } : call,
    );
  }
  return out;
}

function lookForPictures(content: readonly unknown[], pictures: 'inline' | 'none', field: string): void {
  for (const [at, part] of content.entries()) {
    const image = isObject(part) ? part['image_url'] : undefined;
    if (image === undefined) continue;
    const url = isObject(image) ? image['url'] : image;
    const isInline = typeof url === 'string' && url.startsWith('data:');
    if (pictures === 'none') throw new Untranslatable(`${field}.content[${at}]`, 'this server looks at no pictures');
    if (!isInline) throw new Untranslatable(`${field}.content[${at}]`, 'this server looks up no pictures on the web');
  }
}

/** Both ends change alike; an id that is right stays. */
function ofNine(id: string): string {
  if (/^[a-zA-Z0-9]{9}$/.test(id)) return id;
  return createHash('sha256').update(id).digest('hex').slice(0, 9);
}

function withoutSchema(request: Record<string, unknown>, losses: Loss[]): Request {
  const format = request['response_format'];
  if (!isObject(format) || format['type'] !== 'json_schema') return request;
  losses.push({ field: 'response_format', how: 'changed', why: 'this server answers in JSON, but holds to no schema' });
  return { ...request, response_format: { type: 'json_object' } };
}
