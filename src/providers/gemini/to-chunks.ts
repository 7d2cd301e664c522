import { NO_USAGE } from '../../engine/ports.ts';
import type { Usage } from '../../engine/record.ts';
import { parse } from '../openai/chat.ts';
import { isObject } from '../openai/request.ts';
import { partsIn, readPart } from './answer-parts.ts';
import { blockIn, breakdownIn, type Failure, SAID_NOTHING } from './failure.ts';
import { finishReasonOf } from './finish-reason.ts';
import { sealed } from './seal.ts';
import { completionId, refusalOf } from './to-completion.ts';
import { chatUsageOf, readUsage } from './usage.ts';

export interface ChunkOptions {
  /** Seconds since 1970, which the wire does not tell. */
  readonly created: number;
  /** The caller asked for an event of its own that tells the usage. Without it the last choice tells it by the way. */
  readonly tellsUsage: boolean;
  /** How many answers were asked for: there is no other word that the stream is over. */
  readonly choices: number;
  /** An answer without a word is one: the caller named texts to stop at, and it may have begun with one. */
  readonly mayBeEmpty: boolean;
}

/** How far one choice has come. */
interface Choice {
  /** Somebody has spoken: the first chunk says who. */
  opened: boolean;
  spoke: boolean;
  calls: number;
  finished: boolean;
}

/** Puts a stream of the Gemini wire into chat chunks, event by event. */
export class ChunkWriter {
  readonly #options: ChunkOptions;
  #lead = '';
  #usage: Usage = NO_USAGE;
  readonly #choices = new Map<number, Choice>();
  #finished = 0;
  #ended = false;

  constructor(options: ChunkOptions) {
    this.#options = options;
  }

  /**
   * What an event comes to.
   *
   * @param data the event's data.
   * @returns whole events of a chat stream, one or many; empty when it says nothing there. What is no event of the wire is
   * handed on as it is, for whoever reads the stream to judge.
   */
  write(data: string): string {
    const event = unwrapped(parse(data));
    if (!isObject(event)) return `data: ${data}\n\n`;
    if (event['error'] !== undefined) return told(event);
    const blocked = blockIn(event);
    if (blocked !== null) return told(blocked);
    // Built once: a long answer repeats it with every piece.
    if (this.#lead === '') this.#lead = this.#leadOf(event);
    this.#usage = readUsage(event['usageMetadata'], this.#usage);
    const { candidates } = event;
    if (!Array.isArray(candidates)) return '';
    let written = '';
    for (const [at, candidate] of candidates.entries()) {
      if (isObject(candidate)) written += this.#candidate(candidate, at);
    }
    const isLast = this.#finished >= this.#options.choices && this.#usage.outputTokens !== null;
    return isLast ? written + this.end() : written;
  }

  /** What ends the stream, once; nothing while a choice has not finished. */
  end(): string {
    if (this.#ended || this.#finished === 0 || this.#finished < this.#choices.size) return '';
    this.#ended = true;
    const usage = this.#options.tellsUsage
      ? `${this.#lead}],"usage":${JSON.stringify(chatUsageOf(this.#usage))}}\n\n`
      : '';
    return `${usage}data: [DONE]\n\n`;
  }

  #leadOf({ responseId, modelVersion }: Record<string, unknown>): string {
    return (
      `data: {"id":${JSON.stringify(completionId(responseId))},"object":"chat.completion.chunk",` +
      `"created":${this.#options.created},"model":${JSON.stringify(modelVersion ?? '')},"choices":[`
    );
  }

  #candidate(candidate: Record<string, unknown>, at: number): string {
    const index = typeof candidate['index'] === 'number' ? candidate['index'] : at;
    const choice = this.#choiceAt(index);
    if (choice.finished) return '';
    const broken = breakdownIn(candidate);
    if (broken !== null) return told(broken);
    let written = '';
    for (const part of partsIn(candidate)) written += this.#part(index, choice, part);
    const { finishReason } = candidate;
    return typeof finishReason === 'string' ? written + this.#finish(index, choice, candidate) : written;
  }

  #choiceAt(index: number): Choice {
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      choice = { opened: false, spoke: false, calls: 0, finished: false };
      this.#choices.set(index, choice);
    }
    return choice;
  }

  #part(index: number, choice: Choice, each: unknown): string {
    const part = readPart(each);
    if (part === null) return '';
    if (part.kind === 'thought') {
      return part.text === ''
        ? ''
        : this.#open(index, choice, '') + this.#chunk(index, { reasoning_content: part.text });
    }
    choice.spoke = true;
    if (part.kind === 'call') {
      const call = { index: choice.calls, ...part.call };
      choice.calls += 1;
      // An answer without a word has none, which is not the same as an empty one.
      return this.#open(index, choice, null) + this.#chunk(index, { tool_calls: [call] });
    }
    const text = part.text === '' ? {} : { content: part.text };
    return (
      this.#open(index, choice, '') + this.#chunk(index, { ...text, ...(part.seal === null ? {} : sealed(part.seal)) })
    );
  }

  #finish(index: number, choice: Choice, candidate: Record<string, unknown>): string {
    if (!choice.spoke && candidate['finishReason'] === 'STOP' && !this.#options.mayBeEmpty) return told(SAID_NOTHING);
    choice.finished = true;
    this.#finished += 1;
    const finish = finishReasonOf(candidate['finishReason'], choice.calls > 0);
    const refusal = refusalOf(candidate, finish);
    const opening = this.#open(index, choice, '');
    const usage = this.#options.tellsUsage ? 'null' : JSON.stringify(chatUsageOf(this.#usage));
    const last = { index, delta: refusal === null ? {} : { refusal }, logprobs: null, finish_reason: finish };
    return `${opening}${this.#lead}${JSON.stringify(last)}],"usage":${usage}}\n\n`;
  }

  #open(index: number, choice: Choice, content: '' | null): string {
    if (choice.opened) return '';
    choice.opened = true;
    return this.#chunk(index, { role: 'assistant', content, refusal: null });
  }

  #chunk(index: number, delta: object): string {
    const usage = this.#options.tellsUsage ? ',"usage":null' : '';
    const piece = `{"index":${index},"delta":${JSON.stringify(delta)},"logprobs":null,"finish_reason":null}`;
    return `${this.#lead}${piece}]${usage}}\n\n`;
  }
}

/** Some errors come as a list of one. */
function unwrapped(event: unknown): unknown {
  return Array.isArray(event) && event.length === 1 ? event[0] : event;
}

function told(failure: Failure | Record<string, unknown>): string {
  return `data: ${JSON.stringify(failure)}\n\n`;
}
