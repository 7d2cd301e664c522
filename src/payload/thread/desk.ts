import { parseJson } from '../../engine/parse-json.ts';
import { Fitter } from '../fit/fitter.ts';
import { Scales } from '../fit/parts.ts';
import { type FitRequest, readFitRequest, writeFitRequest } from '../fit/request.ts';
import { roomFor } from '../fit/room.ts';
import { Summaries, type Summarise } from '../fit/summaries.ts';
import type { PromptOperation } from '../prompt/prompt-wire.ts';
import { PROMPT_WIRES } from '../prompt/prompt-wires.ts';
import { countPrompt, countText, operationOfBody, type PromptCount } from '../tokens/count.ts';
import { tokenizingOf } from '../tokens/encodings.ts';
import { isObject } from '../tokens/json.ts';
import { loadTokenizer } from '../tokens/tokenizer.ts';
import type { Scale } from '../tokens/weigh.ts';
import type { CountQuestion, FitAnswer, FitQuestion } from './messages.ts';
import { UnreadablePrompt } from './unreadable-prompt.ts';

/** Models whose parts are remembered; the most of what is remembered is one model's. */
const REMEMBERED_MODELS = 16;

/** Windows of this many tokens are the largest that are common. */
const LARGE_WINDOW = 1_048_576;

/** What the thread does: counts and fits, and remembers what it has weighed. */
export class Desk {
  readonly #summaries = new Summaries();
  readonly #scales = new Map<string, Scales>();

  /** @throws {UnreadablePrompt} */
  count({ what, model }: CountQuestion): Promise<PromptCount> {
    if ('text' in what) return countText(what.text, model ?? '');
    const body = parse(what.body);
    const operation = isObject(body) ? operationOfBody(body) : null;
    if (!isObject(body) || operation === null) {
      throw new UnreadablePrompt('no prompt: a request has messages, contents or an input');
    }
    return model === null ? countPrompt(operation, body) : countPrompt(operation, body, model);
  }

  /** @throws {UnreadablePrompt} */
  async fit(question: FitQuestion, summarise: Summarise): Promise<FitAnswer> {
    const { operation, model, estimate, rules, strategies, chunkTokens, scope } = question;
    const { encoding, factor: vendor } = tokenizingOf(model);
    const tokenizer = await loadTokenizer(encoding);
    const factor = vendor * estimate.factor;
    // A text twice as long as any window is too long, whatever it says to its end.
    const enough = 2 * Math.max(LARGE_WINDOW, estimate.window ?? 0);
    const scale: Scale = { model, count: (text) => tokenizer.count(text, enough) };
    const scales = this.#scalesFor(operation, scale);
    const request = read(question, scale, scales);
    const room = roomFor(estimate, request.output, rules);
    const limit = Math.floor(room / factor);
    const fitter = new Fitter(scales, this.#summaries);
    const result = await fitter.fit(request.talk, { limit, strategies, chunkTokens, scope }, summarise);
    const { output, uncounted } = request;
    const scaled = (tokens: number): number => Math.ceil(tokens * factor);
    switch (result.kind) {
      case 'fits':
        return { kind: 'fits', tokens: scaled(result.tokens), room, output, uncounted };
      case 'refused':
        return { kind: 'refused', tokens: scaled(result.tokens), room, output, uncounted, why: result.why };
      case 'fitted': {
        const { before, after } = result.report;
        const report = { ...result.report, before: scaled(before), after: scaled(after) };
        const body = writeFitRequest(request.body, scales.wire, result.messages);
        return { kind: 'fitted', tokens: report.before, room, output, uncounted, body, report };
      }
    }
  }

  #scalesFor(operation: PromptOperation, scale: Scale): Scales {
    const key = `${operation} ${scale.model}`;
    const known = this.#scales.get(key);
    if (known !== undefined) return known;
    const scales = new Scales(PROMPT_WIRES[operation], scale);
    if (this.#scales.size >= REMEMBERED_MODELS) this.#scales.clear();
    this.#scales.set(key, scales);
    return scales;
  }
}

function read({ body }: FitQuestion, scale: Scale, scales: Scales): FitRequest {
  try {
    return readFitRequest(body, scale, scales);
  } catch (error) {
    throw new UnreadablePrompt(error instanceof Error ? error.message : String(error));
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (error) {
    throw new UnreadablePrompt(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
