import { isObject } from '../../openai/request.ts';
import type { JsonObject } from '../../translation/caller-wire.ts';
import { type Loss, Untranslatable } from '../../translation/loss.ts';
import { memberOf, objectIn } from './members.ts';
import { type ChatPart, chatPart } from './parts.ts';

/** The instructions and the turns of a Gemini request as chat messages. */
export function chatMessages(request: JsonObject, losses: Loss[]): JsonObject[] {
  const { contents } = request;
  if (!Array.isArray(contents)) throw new Untranslatable('contents', 'a list of contents is needed');
  const out: JsonObject[] = [];
  const system = instructionsIn(memberOf(request, 'systemInstruction'));
  if (system !== '') out.push({ role: 'system', content: system });
  const calls = new Calls();
  for (const [index, turn] of contents.entries()) {
    const field = `contents[${index}]`;
    if (!isObject(turn)) throw new Untranslatable(field, 'a content has to be an object');
    const parts = partsIn(turn, field);
    if (turn['role'] === 'model') addAnswer(parts, { field, out, calls, losses });
    else addQuestion(parts, { field, out, calls, losses });
  }
  return out;
}

type Part = Record<string, unknown>;

interface Turn {
  readonly field: string;
  readonly out: JsonObject[];
  readonly calls: Calls;
  readonly losses: Loss[];
}

function partsIn({ parts }: JsonObject, field: string): readonly Part[] {
  if (!Array.isArray(parts)) throw new Untranslatable(`${field}.parts`, 'a list of parts is needed');
  return parts.map((part: unknown, index) => {
    if (!isObject(part)) throw new Untranslatable(`${field}.parts[${index}]`, 'a part has to be an object');
    return part;
  });
}

function instructionsIn(system: unknown): string {
  if (system === undefined || system === null) return '';
  if (typeof system === 'string') return system;
  if (!isObject(system)) throw new Untranslatable('systemInstruction', 'a content of texts is needed');
  const texts = partsIn(system, 'systemInstruction').map(({ text }, index) => {
    if (typeof text === 'string') return text;
    throw new Untranslatable(`systemInstruction.parts[${index}]`, 'only text can stand here');
  });
  return texts.join('\n\n');
}

/** Calls that await their answers. Google's own may have no ids: then the first of a name is meant. */
class Calls {
  #awaited: { readonly id: string; readonly name: string }[] = [];
  #made = 0;

  make(name: string, id: unknown): string {
    this.#made += 1;
    const own = typeof id === 'string' && id !== '' ? id : `call_${this.#made}`;
    this.#awaited.push({ id: own, name });
    return own;
  }

  answered(name: string, id: unknown): string | null {
    const at = this.#awaited.findIndex((call) =>
      typeof id === 'string' && id !== '' ? call.id === id : call.name === name,
    );
    return at < 0 ? null : (this.#awaited.splice(at, 1)[0]?.id ?? null);
  }
}

/** What tools answered are messages of their own, before what the user says besides. */
function addQuestion(parts: readonly Part[], { field, out, calls, losses }: Turn): void {
  const said: ChatPart[] = [];
  for (const [index, part] of parts.entries()) {
    const where = `${field}.parts[${index}]`;
    const answer = objectIn(part, 'functionResponse');
    if (answer === null) {
      const own = chatPart(part, where, losses);
      if (own !== null) said.push(own);
    } else out.push(toolMessage(answer, `${where}.functionResponse`, calls, losses));
  }
  const [only] = said;
  if (only === undefined) return;
  // A text where there is nothing else: some servers take no parts.
  out.push({ role: 'user', content: said.length === 1 && only.type === 'text' ? only.text : said });
}

function toolMessage(answer: JsonObject, field: string, calls: Calls, losses: Loss[]): JsonObject {
  const id = calls.answered(String(answer['name']), answer['id']);
  if (id === null) throw new Untranslatable(field, 'it answers no call of the conversation');
  if (Array.isArray(answer['parts']) && answer['parts'].length > 0) {
    losses.push({ field: `${field}.parts`, how: 'dropped', why: 'tools answer in text on the chat wire' });
  }
  return { role: 'tool', tool_call_id: id, content: answerText(answer['response']) };
}

/** The wire wants an object; a text alone stands in it under one of these names. */
const OUTCOMES: ReadonlySet<string> = new Set(['output', 'result', 'error']);

function answerText(response: unknown): string {
  if (!isObject(response)) return '';
  const [[name, value] = ['', null], ...more] = Object.entries(response);
  return more.length === 0 && OUTCOMES.has(name) && typeof value === 'string' ? value : JSON.stringify(response);
}

/** A seal (`thoughtSignature`) is left out without a word: only the model that made it looks for it. */
function addAnswer(parts: readonly Part[], { field, out, calls, losses }: Turn): void {
  let content = '';
  const made: JsonObject[] = [];
  for (const [index, part] of parts.entries()) {
    const { text, thought } = part;
    const call = objectIn(part, 'functionCall');
    if (call !== null) {
      const name = String(call['name']);
      const id = calls.make(name, call['id']);
      made.push({ id, type: 'function', function: { name, arguments: JSON.stringify(call['args'] ?? {}) } });
    } else if (typeof text === 'string' && thought !== true) content += text;
    else if (memberOf(part, 'thoughtSignature') === undefined || Object.keys(part).length > 1) {
      const why = thought === true ? 'a model takes back its own thoughts only' : 'only Google can read it';
      losses.push({ field: `${field}.parts[${index}]`, how: 'dropped', why });
    }
  }
  if (content === '' && made.length === 0) return;
  out.push({
    role: 'assistant',
    content: content === '' ? null : content,
    ...(made.length > 0 ? { tool_calls: made } : {}),
  });
}
