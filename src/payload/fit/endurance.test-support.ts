import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { chatPrompt } from '../prompt/chat.ts';
import type { JsonObject } from '../tokens/json.ts';
import { loadTokenizer } from '../tokens/tokenizer.ts';
import { Fitter, type FitOrder, type Shrinking } from './fitter.ts';
import { type Part, Scales } from './parts.ts';
import { Summaries } from './summaries.ts';

/** What came of a conversation that went on and on. */
export interface Endured {
  readonly turns: number;
  /** Turns whose prompt the provider would have refused as too long. */
  readonly overflows: number;
  /** Turns that Holdfast itself refused. */
  readonly refused: number;
  /** Turns with a result without its call, or a call without its result. */
  readonly orphans: number;
  /** Turns without the instructions, the first task or the last word. */
  readonly bereft: number;
  /** The most tokens sent in one turn. */
  readonly mostTokens: number;
  /** Tokens of all prompts sent. */
  readonly sentTokens: number;
  /** Tokens read and written for summaries. */
  readonly summaryTokens: number;
  readonly summaries: number;
  /** Facts of the first turns, and those of them that every summariser's input had once their turn was summed up. */
  readonly facts: number;
  readonly factsKept: number;
}

const SYSTEM: JsonObject = { role: 'system', content: 'You keep the log of a harbour and read its buoys.' };

/** In each of the first turns something is said that must not be lost. */
const FACT_TURNS = 20;

const factOf = (turn: number): string => `FACT-${turn}-${(turn * 7919) % 997}`;

/** What is said in one turn: a question, a call of a tool, its result, an answer. */
export function endlessTurn(turn: number): JsonObject[] {
  const buoy = turn % 7;
  const fact = turn < FACT_TURNS ? ` Remember ${factOf(turn)}.` : '';
  return [
    {
      role: 'user',
      content: `Entry ${turn}: what are the wind and the tide at buoy ${buoy}, and has it moved?${fact}`,
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: `call_${turn}`, type: 'function', function: { name: 'read_buoy', arguments: `{"buoy":${buoy}}` } },
      ],
    },
    {
      role: 'tool',
      tool_call_id: `call_${turn}`,
      content: JSON.stringify({
        buoy,
        wind_knots: turn % 41,
        gusts: [turn % 13, turn % 17, turn % 19],
        tide_cm: turn % 613,
        at: 1_700_000_000 + turn * 60,
      }),
    },
    { role: 'assistant', content: `The wind at buoy ${buoy} is ${turn % 41} knots, the tide ${turn % 613} cm.` },
  ];
}

/** Tokens of a message by the library's own encoder and the formula of the API's documentation. */
const counted = new WeakMap<JsonObject, number>();
function tokensByTheBook(message: JsonObject): number {
  const known = counted.get(message);
  if (known !== undefined) return known;
  const { role, content, tool_calls: calls } = message;
  let tokens = 3 + encode(String(role)).length + (typeof content === 'string' ? encode(content).length : 0);
  for (const { function: called } of (calls ?? []) as { function: { name: string; arguments: string } }[]) {
    tokens += encode(called.name).length + encode(called.arguments).length + 3;
  }
  counted.set(message, tokens);
  return tokens;
}

/** Holds a conversation of so many turns with tools, the whole of it sent again with every turn, as applications do. */
export async function endure(how: Shrinking, turns: number, limit: number): Promise<Endured> {
  const tokenizer = await loadTokenizer('o200k_base');
  const scales = new Scales(chatPrompt, { model: 'gpt-4o', count: (text) => tokenizer.count(text) });
  const fitter = new Fitter(scales, new Summaries());
  const order: FitOrder = { limit, strategies: [how], chunkTokens: limit / 2, scope: '' };
  const parts: Part[] = [scales.weigh(SYSTEM)];
  const task = endlessTurn(0)[0] as JsonObject;
  let overflows = 0;
  let refused = 0;
  let orphans = 0;
  let bereft = 0;
  let mostTokens = 0;
  let sentTokens = 0;
  const summariser = new Summariser();
  for (let turn = 0; turn < turns; turn += 1) {
    const [ask, ...rest] = endlessTurn(turn).map((message) => scales.weigh(message));
    parts.push(ask as Part);
    const result = await fitter.fit({ parts, frameTokens: 3 }, order, (text) => summariser.sumUp(text));
    if (result.kind === 'refused') refused += 1;
    const messages = result.kind === 'fitted' ? result.messages : parts.map(({ message }) => message);
    const tokens = messages.reduce((sum, message) => sum + tokensByTheBook(message), 3);
    if (tokens > limit) overflows += 1;
    if (isBroken(messages)) orphans += 1;
    const whole = messages[0] === SYSTEM && messages.some(({ content }) => content === task['content']);
    if (!whole || messages.at(-1) !== (ask as Part).message) bereft += 1;
    mostTokens = Math.max(mostTokens, tokens);
    sentTokens += tokens;
    parts.push(...(rest as Part[]));
  }
  return { turns, overflows, refused, orphans, bereft, mostTokens, sentTokens, ...summariser.report() };
}

function isBroken(messages: readonly JsonObject[]): boolean {
  let open: string[] = [];
  for (const message of messages) {
    if (message['role'] === 'tool') {
      if (!open.includes(message['tool_call_id'] as string)) return true;
      open = open.filter((id) => id !== message['tool_call_id']);
      continue;
    }
    if (open.length > 0) return true;
    open = ((message['tool_calls'] ?? []) as { id: string }[]).map(({ id }) => id);
  }
  return open.length > 0;
}

/** Sums up as a careful model would: it carries over the facts that it reads, and drops the rest. */
class Summariser {
  readonly #seen = new Set<string>();
  readonly #lost = new Set<string>();
  #tokens = 0;
  #summaries = 0;

  sumUp(text: string): Promise<string> {
    const facts = new Set(text.match(/FACT-\d+-\d+/g));
    for (const fact of this.#seen) if (!facts.has(fact)) this.#lost.add(fact);
    for (const fact of facts) this.#seen.add(fact);
    const summary = `The log was kept. To be remembered: ${[...facts].join(', ')}. ${'Wind and tide were read. '.repeat(20)}`;
    this.#summaries += 1;
    this.#tokens += encode(text).length + encode(summary).length;
    return Promise.resolve(summary);
  }

  report(): Pick<Endured, 'summaryTokens' | 'summaries' | 'facts' | 'factsKept'> {
    const facts = FACT_TURNS - 1;
    // The fact of the first turn stays where it was said, in the first task.
    const kept = [...this.#seen].filter((fact) => fact !== factOf(0) && !this.#lost.has(fact)).length;
    return { summaryTokens: this.#tokens, summaries: this.#summaries, facts, factsKept: kept };
  }
}
