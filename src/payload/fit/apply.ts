import { replacedAt } from '../prompt/prompt-wire.ts';
import type { JsonObject } from '../tokens/json.ts';
import type { Part, Piece, Scales } from './parts.ts';
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
export function applyCut(parts: readonly Part[], cut: Cut, scales: Scales): Cutting {
  const { old, own } = picturesOf(parts, cut.blocks);
  const unpictured = new Map<number, Piece[]>();
  for (const { index, piece } of [...old, ...own].slice(0, cut.pictures)) {
    const pieces = unpictured.get(index);
    if (pieces === undefined) unpictured.set(index, [piece]);
    else pieces.push(piece);
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
      const pictures = unpictured.get(block.from + offset) ?? [];
      if (pictures.length === 0 && part.texts.length === 0) return part;
      const texts = part.texts.filter(({ tokens }) => tokens > to + TEXT_NOTE_TOKENS);
      if (pictures.length === 0 && texts.length === 0) return part;
      changed += 1;
      const how = `${texts.length === 0 ? '' : to} ${pictures.map(({ path }) => path.join('.')).join(',')}`;
      return scales.changed(part, how, () => smaller(part.message, { texts, to, pictures }, scales));
    });
    kept.push({ parts: blockParts, couldGo: block.stays === null });
  }
  return { kept, dropped, shortened: changed };
}

interface Smaller {
  readonly texts: readonly Piece[];
  readonly to: number;
  readonly pictures: readonly Piece[];
}

function smaller(message: JsonObject, { texts, to, pictures }: Smaller, scales: Scales): JsonObject {
  let made: unknown = message;
  for (const { path } of pictures) made = replacedAt(made, path, scales.wire.note(PICTURE_NOTE));
  for (const { path, tokens } of texts) {
    const text = String(valueAt(message, path));
    made = replacedAt(
      made,
      path,
      shortened(text, tokens, to, (piece) => scales.count(piece)),
    );
  }
  return made as JsonObject;
}

function valueAt(message: JsonObject, path: Piece['path']): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<string | number, unknown>)[step], message);
}
