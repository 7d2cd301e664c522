import type { Call } from '../../engine/call.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import { classifyEvent, findErrorInBody } from '../../engine/fault/index.ts';
import {
  CONTENT,
  type Dialect,
  FAULTY,
  NO_USAGE,
  type StreamReader,
  TERMINAL,
  type WholeReading,
} from '../../engine/ports.ts';
import type { Usage } from '../../engine/record.ts';
import { notA, parse, tokensOfLength, unreadable } from '../openai/chat.ts';
import { isObject } from '../openai/request.ts';
import { partsIn } from './answer-parts.ts';
import { generateEnvelope } from './envelope.ts';
import { followGenerate } from './follower.ts';
import { readUsage } from './usage.ts';

/** Google's generateContent format. */
export const generate: Dialect = {
  readWhole(body: unknown): WholeReading {
    if (findErrorInBody(body)) return { fault: classifyEvent({ data: body }), usage: NO_USAGE, pins: [] };
    // A stream that was not asked for as events is one long list; its last member tells the usage of all.
    const answer: unknown = Array.isArray(body) ? body.at(-1) : body;
    if (!isObject(answer) || !Array.isArray(answer['candidates'])) {
      return { fault: notA('generated content', 'candidates'), usage: NO_USAGE, pins: [] };
    }
    return { fault: null, usage: readUsage(answer['usageMetadata']), pins: [] };
  },

  openStream(call: Call): StreamReader {
    return new GenerateReader(call.choices);
  },

  failure(call: Call, fault: Fault): string {
    const { body } = generateEnvelope(fault, { requestId: call.id, attempts: call.attempts.length });
    return `data: ${JSON.stringify(body)}\n\n`;
  },

  follow: followGenerate,
};

class GenerateReader implements StreamReader {
  fault: Fault | null = null;
  usage: Usage = NO_USAGE;
  sentTokens = 0;
  readonly pins: readonly string[] = [];
  readonly #choices: number;
  readonly #seen = new Set<unknown>();
  readonly #finished = new Set<unknown>();

  constructor(choices: number) {
    this.#choices = choices;
  }

  /** A finish reason for each candidate: the wire has no other word for the end. */
  get complete(): boolean {
    return this.#finished.size >= Math.max(this.#choices, this.#seen.size);
  }

  read(bytes: Buffer, start: number, end: number): number {
    // As Latin-1, which leaves JSON's structure intact and is read at half the cost; texts for people are read again.
    const event = parse(bytes.toString('latin1', start, end));
    if (!isObject(event)) return this.#fail(unreadable(bytes.toString('utf8', start, end)));
    if (findErrorInBody(event)) return this.#fail(classifyEvent({ data: parse(bytes.toString('utf8', start, end)) }));
    this.usage = readUsage(event['usageMetadata'], this.usage);
    const { candidates } = event;
    if (!Array.isArray(candidates)) return 0;
    let seen = 0;
    for (const candidate of candidates) if (isObject(candidate)) seen |= this.#readCandidate(candidate);
    return seen;
  }

  #readCandidate(candidate: Record<string, unknown>): number {
    const { index = 0, finishReason } = candidate;
    this.#seen.add(index);
    let tokens = 0;
    for (const part of partsIn(candidate)) if (isObject(part)) tokens += partTokens(part);
    this.sentTokens += tokens;
    const content = tokens > 0 ? CONTENT : 0;
    if (typeof finishReason !== 'string') return content;
    this.#finished.add(index);
    return content | TERMINAL;
  }

  #fail(fault: Fault): number {
    this.fault = fault;
    return FAULTY;
  }
}

/** What a part brings, in tokens: one at least where it brings anything. */
function partTokens({ text, functionCall: call, ...rest }: Record<string, unknown>): number {
  if (typeof text === 'string') return text === '' ? 0 : tokensOfLength(text.length);
  if (call !== undefined) return tokensOfLength(JSON.stringify(call).length);
  return Object.keys(rest).some((name) => name !== 'thoughtSignature') ? 1 : 0;
}
