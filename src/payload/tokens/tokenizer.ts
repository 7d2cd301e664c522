import type { EncodingName } from './encodings.ts';
import { leastTokens } from './bounds.ts';
import { countMerged, NO_RANK, type Vocabulary } from './merge.ts';

/** A number of tokens, and whether it is a fact or an estimate. */
export interface Count {
  readonly tokens: number;
  readonly exact: boolean;
}

/**
 * Characters that are looked at together: the search for pieces gives up over much longer ones. A piece as long as this is
 * cut, at the price of a token or so; nothing people write comes near.
 */
const SECTION = 1_048_576;

/** What follows a piece can change it from so far: `don` is no piece before `'t`. */
const FORESIGHT = 4;

/** Runs of one character longer than this are told from shorter ones: they repeat themselves, as the merges do. */
const RUN_PERIOD = 4_096;

/** What is remembered of pieces seen before: enough for the words of a language or two. */
const REMEMBERED_PIECES = 50_000;
const REMEMBERED_LENGTH = 64;

/** Counts the tokens of texts in one encoding. Synchronous: long texts belong on a thread of their own. */
export class Tokenizer {
  readonly encoding: EncodingName;
  /** Bytes of the longest token there is. */
  readonly longest: number;
  readonly vocabulary: Vocabulary;
  /** Divides a text into the pieces within which pairs are merged. */
  readonly split: RegExp;
  readonly #merged = new Map<string, number>();

  constructor(encoding: EncodingName, vocabulary: Vocabulary, split: RegExp) {
    this.encoding = encoding;
    this.longest = vocabulary.longest;
    this.vocabulary = vocabulary;
    this.split = split;
  }

  /**
   * Special tokens written out in a text (`<|endoftext|>`) count as the ordinary text that they are in a prompt.
   *
   * @param enough counting may stop beyond this many tokens; the rest is then told from the text so far.
   */
  count(text: string, enough: number = Number.POSITIVE_INFINITY): Count {
    const { length } = text;
    const least = leastTokens(length, this.longest);
    if (least > enough) return { tokens: least, exact: false };
    let tokens = 0;
    let exact = true;
    for (let from = 0; from < length;) {
      const section = text.slice(from, from + SECTION);
      const sure = from + SECTION >= length ? section.length : section.length - FORESIGHT;
      const done = this.#countSection(section, sure, enough - tokens);
      tokens += done.tokens;
      from += done.to;
      if (done.cut) exact = false;
      if (tokens > enough && from < length) return { tokens: Math.ceil((tokens / from) * length), exact: false };
    }
    return { tokens, exact };
  }

  /** Counts the pieces that end where nothing that follows can change them; and one at least, though it be cut for it. */
  #countSection(section: string, sure: number, enough: number): { tokens: number; to: number; cut: boolean } {
    const { split } = this;
    let tokens = 0;
    let at = 0;
    let cut = false;
    split.lastIndex = 0;
    // Every character belongs to a piece, so a piece ends where the next begins, and no match need be kept.
    while (at < section.length && tokens <= enough && split.test(section)) {
      const end = split.lastIndex;
      if (end > sure && at > 0) break;
      cut = end > sure;
      tokens += this.#countPiece(section.slice(at, end));
      at = end;
    }
    return { tokens, to: at, cut };
  }

  #countPiece(piece: string): number {
    if (piece.length > 3 * RUN_PERIOD && isRun(piece)) return this.#countRun(piece);
    const bytes = bytesOf(piece);
    if (this.vocabulary.ranks.has(bytes)) return 1;
    if (bytes.length > REMEMBERED_LENGTH) return countMerged(bytes, this.vocabulary);
    const seen = this.#merged.get(bytes);
    if (seen !== undefined) return seen;
    const tokens = countMerged(bytes, this.vocabulary);
    if (this.#merged.size >= REMEMBERED_PIECES) this.#merged.clear();
    this.#merged.set(bytes, tokens);
    return tokens;
  }

  /**
   * Pairs of equal parts merge from the left into ever longer ones, so a run becomes as many tokens of the greatest length
   * as fit, and the rest: what one period more adds is the same at every length.
   */
  #countRun(run: string): number {
    const rest = RUN_PERIOD + (run.length % RUN_PERIOD);
    const short = countMerged(bytesOf(run.slice(0, rest)), this.vocabulary);
    const longer = countMerged(bytesOf(run.slice(0, rest + RUN_PERIOD)), this.vocabulary);
    return short + ((run.length - rest) / RUN_PERIOD) * (longer - short);
  }
}

function bytesOf(piece: string): string {
  return isAscii(piece) ? piece : Buffer.from(piece, 'utf8').toString('latin1');
}

function isRun(piece: string): boolean {
  const first = piece.charCodeAt(0);
  for (let at = 1; at < piece.length; at += 1) if (piece.charCodeAt(at) !== first) return false;
  return true;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

const loading = new Map<EncodingName, Promise<Tokenizer>>();

/**
 * The tokenizer of an encoding, loaded when it is first asked for: a vocabulary takes some 200 ms and 40 MB, and most
 * processes need one or none.
 */
export function loadTokenizer(encoding: EncodingName): Promise<Tokenizer> {
  let tokenizer = loading.get(encoding);
  if (tokenizer === undefined) {
    tokenizer = load(encoding);
    loading.set(encoding, tokenizer);
  }
  return tokenizer;
}

/** Ranks as the library keeps them: a text where the token's bytes are one, else its bytes. May have holes. */
type RankList = readonly (string | readonly number[])[];

async function load(encoding: EncodingName): Promise<Tokenizer> {
  const [ranks, patterns] = await Promise.all([ranksOf(encoding), import('gpt-tokenizer/encodingParams/constants')]);
  const pattern = {
    o200k_base: patterns.O200K_TOKEN_SPLIT_REGEX,
    cl100k_base: patterns.CL100K_TOKEN_SPLIT_REGEX,
    p50k_base: patterns.R50K_TOKEN_SPLIT_REGEX,
    r50k_base: patterns.R50K_TOKEN_SPLIT_REGEX,
  }[encoding];
  return new Tokenizer(encoding, vocabularyOf(ranks), new RegExp(pattern.source, 'gu'));
}

/** Spelt out one by one, so that tools which bundle or check a package see what is imported. */
async function ranksOf(encoding: EncodingName): Promise<RankList> {
  switch (encoding) {
    case 'o200k_base':
      return (await import('gpt-tokenizer/bpeRanks/o200k_base')).default;
    case 'cl100k_base':
      return (await import('gpt-tokenizer/bpeRanks/cl100k_base')).default;
    case 'p50k_base':
      return (await import('gpt-tokenizer/bpeRanks/p50k_base')).default;
    case 'r50k_base':
      return (await import('gpt-tokenizer/bpeRanks/r50k_base')).default;
  }
}

function vocabularyOf(list: RankList): Vocabulary {
  const ranks = new Map<string, number>();
  const pairs = new Int32Array(65_536).fill(NO_RANK);
  let longest = 0;
  // A walk by index would trip over the holes, which `forEach` skips.
  list.forEach((token, rank) => {
    const bytes = typeof token === 'string' ? Buffer.from(token, 'utf8') : Buffer.from(token);
    ranks.set(bytes.toString('latin1'), rank);
    longest = Math.max(longest, bytes.length);
    if (bytes.length === 2) pairs[bytes.readUInt16BE(0)] = rank;
  });
  return { ranks, pairs, longest };
}
