import type { FitReport } from '../../engine/fitting.ts';
import type { JsonObject } from '../tokens/json.ts';
import { applyCut, type Cutting } from './apply.ts';
import type { Block } from './blocks.ts';
import type { Part, Scales } from './parts.ts';
import { shortened } from './shorten.ts';
import type { Summaries, Summarise } from './summaries.ts';
import { transcript } from './transcript.ts';
import { decideShortening, decideTrim, type Talk, tokensOf } from './trim.ts';

/** How a prompt may be made smaller; the other strategies change nothing in it. */
export type Shrinking = 'trim' | 'summarise';

/** What a prompt is to fit into, and how. */
export interface FitOrder {
  /** The most tokens that the prompt may have. */
  readonly limit: number;
  /** Tried in order. */
  readonly strategies: readonly Shrinking[];
  /** The most tokens that a summariser is given to read at once. */
  readonly chunkTokens: number;
  /** Whose summaries these are: nothing is shared between scopes. */
  readonly scope: string;
}

export type FitResult =
  | { readonly kind: 'fits'; readonly tokens: number }
  | { readonly kind: 'fitted'; readonly report: FitReport; readonly messages: readonly JsonObject[] }
  /** Nothing that may be done is enough. */
  | { readonly kind: 'refused'; readonly tokens: number; readonly why: readonly string[] };

/** Chunks that one call may have summed up: more would take longer than a caller waits. */
const MOST_CHUNKS = 12;

/** Makes conversations fit. Deciding what to leave out is done elsewhere; this carries it out and asks for summaries. */
export class Fitter {
  readonly #scales: Scales;
  readonly #summaries: Summaries;

  constructor(scales: Scales, summaries: Summaries) {
    this.#scales = scales;
    this.#summaries = summaries;
  }

  async fit(talk: Talk, order: FitOrder, summarise: Summarise | null): Promise<FitResult> {
    const before = tokensOf(talk);
    if (before <= order.limit) return { kind: 'fits', tokens: before };
    const why: string[] = [];
    for (const how of order.strategies) {
      try {
        const fitted = how === 'trim' ? this.#trim(talk, order) : await this.#sumUp(talk, order, summarise);
        const after = tokensOf({ ...talk, parts: fitted.parts });
        if (after > order.limit) throw new Error(`${after} tokens are left at the least`);
        const { parts, ...done } = fitted;
        const report: FitReport = { how, before, after, ...done };
        return { kind: 'fitted', report, messages: parts.map(({ message }) => message) };
      } catch (error) {
        why.push(`${how}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return { kind: 'refused', tokens: before, why };
  }

  #trim(talk: Talk, { limit }: FitOrder): Smaller {
    const cut = decideTrim(talk, limit);
    if (cut === null) throw new Error('the instructions, the first task and the last turn alone are too long');
    const cutting = applyCut(talk.parts, cut, this.#scales);
    return { ...told(cutting), parts: cutting.kept.flatMap(({ parts }) => parts), summarised: 0 };
  }

  /**
   * Puts a summary in place of the older turns. The newest summary that leaves few enough turns is used as it is; where
   * there is none, turns are summed up until half of the room is free, so that the next summary is many turns away.
   */
  async #sumUp(talk: Talk, order: FitOrder, summarise: Summarise | null): Promise<Smaller> {
    if (summarise === null) throw new Error('no summariser is configured');
    const { limit } = order;
    const cut = decideShortening(talk, limit);
    const cutting = applyCut(talk.parts, cut, this.#scales);
    const parts = cutting.kept.flatMap((block) => block.parts);
    const tokens = tokensOf({ ...talk, parts });
    if (tokens <= limit) return { ...told(cutting), parts, summarised: 0 };

    // What is summed up is what was said, and not what was left of it; keys are made of it too, since they must not change.
    const past = new Past(talk.parts, cut.blocks);
    const sizes = cutting.kept
      .filter(({ couldGo }) => couldGo)
      .map(({ parts: kept }) => tokensOf({ parts: kept, frameTokens: 0 }));
    const spoken = sizes.reduce((sum, size) => sum + size, 0);
    const fixed = tokens - spoken;
    const room = summaryRoom(limit);
    const free = limit - fixed - room;
    if (free < 0) throw new Error('the instructions, the first task and the last turn alone are too long');

    const least = firstFitting(sizes, spoken, free);
    const keys = this.#keysOf(past, `${order.scope} ${this.#scales.wire.member}`);
    let covered = least;
    while (covered < keys.length && this.#summaries.find(keys[covered] as string) === null) covered += 1;
    if (covered === keys.length) covered = Math.max(least, firstFitting(sizes, spoken, free / 2));
    const text = await this.#summaryOf(past, keys, covered, order, summarise);
    const summarised = past.countParts(covered);
    const summary = this.#scales.weigh(this.#messageOf(this.#within(text, room), summarised));
    return { ...told(cutting), parts: withSummary(cutting, summary, covered), summarised };
  }

  /** Keys of the beginnings that none, one, two, ... of the old blocks make. */
  #keysOf(past: Past, scope: string): string[] {
    let key = scope;
    const keys = [key];
    for (const { from, to } of past.blocks) {
      key = this.#summaries.keyAfter(key, past.parts, from, to);
      keys.push(key);
    }
    return keys;
  }

  /** The summary of the first `covered` blocks, carried on from the longest beginning that has one. */
  async #summaryOf(
    past: Past,
    keys: readonly string[],
    covered: number,
    order: FitOrder,
    summarise: Summarise,
  ): Promise<string> {
    let from = covered;
    while (from > 0 && this.#summaries.find(keys[from] as string) === null) from -= 1;
    let text = from === 0 ? null : this.#summaries.find(keys[from] as string);
    const ends = chunkEnds(past, from, covered, order.chunkTokens);
    if (ends.length > MOST_CHUNKS) throw new Error(`${ends.length} texts to sum up are too many at once`);
    for (const end of ends) {
      const before = text;
      const parts = past.partsOf(from, end);
      text = await this.#summaries.of(keys[end] as string, async () => {
        const written = await summarise(transcript(before, parts, this.#scales));
        if (written.trim() === '') throw new Error('the summary came back empty');
        return this.#within(written.trim(), summaryRoom(order.limit));
      });
      from = end;
    }
    return text ?? '';
  }

  /**
   * A user's message, because of what users and tools said nothing may become an instruction of the application; marked, so
   * that nobody takes it for what was said word for word.
   */
  #messageOf(text: string, messages: number): JsonObject {
    const opening = `[Summary of ${messages} earlier messages, made by Holdfast so that the conversation fits]`;
    return this.#scales.wire.userMessage(`${opening}\n${text}`);
  }

  /** A text that takes no more than the room, its frame included. */
  #within(text: string, room: number): string {
    const tokens = this.#scales.count(text);
    const most = room - SUMMARY_FRAME_TOKENS;
    return tokens <= most ? text : shortened(text, tokens, most - 24, (piece) => this.#scales.count(piece));
  }
}

interface Smaller {
  readonly parts: readonly Part[];
  readonly dropped: number;
  readonly shortened: number;
  readonly summarised: number;
}

function told({ dropped, shortened: changed }: Cutting): Pick<Smaller, 'dropped' | 'shortened'> {
  return { dropped, shortened: changed };
}

/** What the words around a summary take, and the message it stands in. */
const SUMMARY_FRAME_TOKENS = 40;

/** What a summary may take of the room: a tenth, within reason. */
function summaryRoom(limit: number): number {
  return Math.min(2_048, Math.max(160, Math.floor(limit / 10)));
}

/** How many of the oldest must go until the rest fits. */
function firstFitting(sizes: readonly number[], all: number, room: number): number {
  let left = all;
  let gone = 0;
  while (left > room && gone < sizes.length) {
    left -= sizes[gone] as number;
    gone += 1;
  }
  return gone;
}

/** The turns of a conversation that may be summed up, block by block. */
class Past {
  readonly parts: readonly Part[];
  readonly blocks: readonly Block[];

  constructor(parts: readonly Part[], blocks: readonly Block[]) {
    this.parts = parts;
    this.blocks = blocks.filter(({ stays }) => stays === null);
  }

  tokensOf(at: number): number {
    return this.blocks[at]?.tokens ?? 0;
  }

  partsOf(from: number, to: number): Part[] {
    return this.blocks.slice(from, to).flatMap((block) => this.parts.slice(block.from, block.to));
  }

  countParts(to: number): number {
    return this.blocks.slice(0, to).reduce((sum, block) => sum + block.to - block.from, 0);
  }
}

/** Where to stop and sum up on the way from one beginning to a longer one. */
function chunkEnds(past: Past, from: number, to: number, chunkTokens: number): number[] {
  const ends: number[] = [];
  let tokens = 0;
  for (let at = from; at < to; at += 1) {
    const more = past.tokensOf(at);
    if (tokens > 0 && tokens + more > chunkTokens) {
      ends.push(at);
      tokens = 0;
    }
    tokens += more;
  }
  if (from < to) ends.push(to);
  return ends;
}

/** The conversation with the summary where the first of the summed up blocks stood. */
function withSummary({ kept }: Cutting, summary: Part, covered: number): Part[] {
  const parts: Part[] = [];
  let left = covered;
  for (const block of kept) {
    if (!block.couldGo || left === 0) {
      parts.push(...block.parts);
      continue;
    }
    if (left === covered) parts.push(summary);
    left -= 1;
  }
  return parts;
}
