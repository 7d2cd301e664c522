import { NO_USAGE } from '../../../engine/ports.ts';
import type { Usage } from '../../../engine/record.ts';
import { tokensOfLength } from '../../openai/chat.ts';
import { isObject } from '../../openai/request.ts';
import type { JsonObject } from '../../translation/caller-wire.ts';
import { type ChatListener, readChatEvent } from '../../translation/chat-stream.ts';
import { callPart, endingOf, responseId, usageMetadataOf } from './to-answer.ts';

/** How far one choice has come. */
interface Choice {
  /** Calls by their own numbers: Google's come whole, so the pieces are kept until the last. */
  readonly calls: Map<unknown, { id: unknown; name: unknown; arguments: string; more: JsonObject }>;
  refusal: string;
  reason: unknown;
}

/** Puts a chat stream into the frames of the Gemini wire, chunk by chunk. */
export class GenerateFrames implements ChatListener {
  readonly #model: string;
  readonly #thoughts: boolean;
  readonly #choices = new Map<number, Choice>();
  #tail: JsonObject = {};
  #usage: Usage | null = null;
  #over = false;
  /** For servers that tell no usage. */
  #saidTokens = 0;

  /**
   * @param model that was asked, for servers that do not say which one answers.
   * @param thoughts whether the caller asked to be shown them.
   */
  constructor(model: string, thoughts: boolean) {
    this.#model = model;
    this.#thoughts = thoughts;
  }

  /** What a chat event comes to: whole frames, none or many. */
  write(data: string): string {
    return readChatEvent(data, this);
  }

  /** The body has ended: a server that forgets `[DONE]` has still said all there is, once it has said why it stopped. */
  end(): string {
    const choices = [...this.#choices.values()];
    return choices.length > 0 && choices.every(({ reason }) => typeof reason === 'string') ? this.onDone() : '';
  }

  // ChatListener -------------------------------------------------------------------------------------------------

  onChunk({ id, model }: JsonObject, choices: readonly JsonObject[], usage: Usage | null): string {
    if (usage !== null) this.#usage = usage;
    this.#tail = {
      modelVersion: typeof model === 'string' && model !== '' ? model : this.#model,
      responseId: responseId(id),
    };
    let written = '';
    for (const choice of choices) written += this.#piece(choice);
    return written;
  }

  onFailure(): string {
    return FAILED;
  }

  onDone(): string {
    if (this.#over) return '';
    this.#over = true;
    const usageMetadata = usageMetadataOf(this.#usage ?? { ...NO_USAGE, outputTokens: this.#saidTokens });
    let written = '';
    for (const [index, { calls, reason, refusal }] of this.#choices) {
      // `[DONE]` alone does not tell that an answer is whole.
      if (typeof reason !== 'string') continue;
      const parts = [...calls.values()].flatMap(({ id, name, arguments: written, more }) =>
        callPart({ ...more, id, function: { name, arguments: written } }),
      );
      const content = { parts: parts.length > 0 ? parts : [{ text: '' }], role: 'model' };
      written += this.#frame(index, { content, ...endingOf(reason, refusal) }, { usageMetadata });
    }
    return written;
  }

  // Inside -------------------------------------------------------------------------------------------------------

  #piece({ index, delta, finish_reason: reason }: JsonObject): string {
    const at = typeof index === 'number' ? index : 0;
    const choice = this.#choiceAt(at);
    if (typeof reason === 'string') choice.reason = reason;
    if (!isObject(delta)) return '';
    const { content, refusal, reasoning_content: thought, tool_calls: calls } = delta;
    if (typeof refusal === 'string') choice.refusal += refusal;
    for (const call of Array.isArray(calls) ? (calls as unknown[]) : []) if (isObject(call)) keepCall(choice, call);
    let written = '';
    if (this.#thoughts && typeof thought === 'string' && thought !== '') {
      written += this.#frame(at, { content: { parts: [{ text: thought, thought: true }], role: 'model' } });
    }
    if (typeof content === 'string' && content !== '') {
      this.#saidTokens += tokensOfLength(content.length);
      written += this.#frame(at, { content: { parts: [{ text: content }], role: 'model' } });
    }
    return written;
  }

  #choiceAt(index: number): Choice {
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      choice = { calls: new Map(), refusal: '', reason: null };
      this.#choices.set(index, choice);
    }
    return choice;
  }

  #frame(index: number, candidate: JsonObject, more: JsonObject = {}): string {
    return `data: ${JSON.stringify({ candidates: [{ ...candidate, index }], ...more, ...this.#tail })}\n\n`;
  }
}

/** Adds a piece of a call to what came of it before. */
function keepCall({ calls }: Choice, { index, id, function: fn, ...more }: Record<string, unknown>): void {
  const { name, arguments: piece } = isObject(fn) ? fn : {};
  const known = calls.get(index);
  const written = typeof piece === 'string' ? piece : '';
  if (known === undefined) calls.set(index, { id, name, arguments: written, more });
  else known.arguments += written;
}

const FAILED = `data: ${JSON.stringify({
  error: { code: 500, message: 'the provider ended its answer with an error', status: 'INTERNAL' },
})}\n\n`;
