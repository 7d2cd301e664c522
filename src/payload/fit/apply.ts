import { isObject, type JsonObject, stringAt } from '../tokens/json.ts';
import { contentOf, type FittedOperation, type Part, type Piece, type Scales } from './parts.ts';
import { shortened } from './shorten.ts';
import { type Cut, isOwn, picturesOf, TEXT_NOTE_TOKENS } from './trim.ts';

const PICTURE_NOTE = '[picture left out to fit]';

/** A block of the conversation as it has become. */
interface KeptBlock {
  readonly parts: readonly Part[];
  /** Whether it was one of those that could go. */
  readonly couldGo: boolean;
}

/** A conversation after a cut. */
export interface Cutting {
  readonly kept: readonly KeptBlock[];
  /** Messages left out. */
  readonly dropped: number;
  /** Messages whose texts were shortened or whose pictures were left out. */
  readonly shortened: number;
}

/** Carries out what was decided. */
export function applyCut(parts: readonly Part[], cut: Cut, operation: FittedOperation, scales: Scales): Cutting {
  const { old, own } = picturesOf(parts, cut.blocks);
  const unpictured = new Map<number, Set<number>>();
  for (const { index, piece } of [...old, ...own].slice(0, cut.pictures)) {
    const places = unpictured.get(index) ?? new Set();
    unpictured.set(index, places.add(piece.at));
  }
  const kept: KeptBlock[] = [];
  let toDrop = cut.dropped;
  let dropped = 0;
  let changed = 0;
  for (const block of cut.blocks) {
    if (block.stays === null && toDrop > 0) {
      toDrop -= 1;
      dropped += block.to - block.from;
      continue;
    }
    const to = isOwn(block) ? cut.ownTextTokens : cut.textTokens;
    const blockParts = parts.slice(block.from, block.to).map((part, offset) => {
      const pictures = unpictured.get(block.from + offset);
      if (pictures === undefined && part.texts.length === 0) return part;
      const texts = part.texts.filter(({ tokens }) => tokens > to + TEXT_NOTE_TOKENS);
      if (pictures === undefined && texts.length === 0) return part;
      changed += 1;
      const how = `${texts.length === 0 ? '' : to} ${pictures === undefined ? '' : [...pictures].join(',')}`;
      return scales.changed(part, how, () => smaller(part.message, { texts, to, pictures }, operation, scales));
    });
    kept.push({ parts: blockParts, couldGo: block.stays === null });
  }
  return { kept, dropped, shortened: changed };
}

interface Smaller {
  readonly texts: readonly Piece[];
  readonly to: number;
  readonly pictures: ReadonlySet<number> | undefined;
}

function smaller(message: JsonObject, how: Smaller, operation: FittedOperation, scales: Scales): JsonObject {
  const content = contentOf(message);
  const name = message['content'] === undefined || message['content'] === null ? 'output' : 'content';
  const count = (text: string): number => scales.count(text);
  const [whole] = how.texts;
  if (typeof content === 'string') {
    return whole === undefined ? message : { ...message, [name]: shortened(content, whole.tokens, how.to, count) };
  }
  const pieces = Array.isArray(content) ? content.map((piece: unknown, at) => smallerPiece(piece, at)) : content;
  return { ...message, [name]: pieces };

  function smallerPiece(piece: unknown, at: number): unknown {
    if (how.pictures?.has(at) === true) {
      return { type: operation === 'chat' ? 'text' : 'input_text', text: PICTURE_NOTE };
    }
    const text = isObject(piece) ? stringAt(piece, 'text') : null;
    const long = how.texts.find((each) => each.at === at);
    if (!isObject(piece) || text === null || long === undefined) return piece;
    return { ...piece, text: shortened(text, long.tokens, how.to, count) };
  }
}
