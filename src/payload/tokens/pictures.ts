import { type Size, sizeOfDataUrl } from './picture-size.ts';
import type { Count } from './tokenizer.ts';

/** How a model counts pictures, as OpenAI's guide to vision gives it (July 2026). */
type PictureRule =
  | {
      readonly kind: 'tiles';
      /** What every picture costs, and all that one of low detail does. */
      readonly base: number;
      readonly tile: number;
    }
  | {
      readonly kind: 'patches';
      /** Most patches of 32 pixels square at high detail; a larger picture is shrunk to fit. */
      readonly cap: number;
      /** Most patches at `original` detail, and at `auto` where that means the same. */
      readonly originalCap: number;
      readonly autoIsOriginal: boolean;
      readonly factor: number;
    };

function patches(cap: number, factor: number): PictureRule {
  return { kind: 'patches', cap, originalCap: cap, autoIsOriginal: false, factor };
}

/** The first row that fits is taken. */
const RULES: readonly (readonly [RegExp, PictureRule])[] = [
  [/^gpt-4o-mini/, { kind: 'tiles', base: 2833, tile: 5667 }],
  [/^gpt-4\.1-mini|^gpt-5(?:\.4)?-mini/, patches(1536, 1.62)],
  [/^gpt-4\.1-nano|^gpt-5(?:\.4)?-nano/, patches(1536, 2.46)],
  [/^o4-mini/, patches(1536, 1.72)],
  [/^gpt-5\.2/, patches(1536, 1)],
  [/^gpt-5\.[45]/, { kind: 'patches', cap: 2500, originalCap: 10_000, autoIsOriginal: false, factor: 1 }],
  [
    /^gpt-(?:5\.[6-9]|[6-9])/,
    { kind: 'patches', cap: 2500, originalCap: Number.POSITIVE_INFINITY, autoIsOriginal: true, factor: 1 },
  ],
  [/^gpt-5/, { kind: 'tiles', base: 70, tile: 140 }],
  [/^(?:gpt-4|chatgpt-4o)/, { kind: 'tiles', base: 85, tile: 170 }],
  [/^o[13]/, { kind: 'tiles', base: 75, tile: 150 }],
  [/^computer-use/, { kind: 'tiles', base: 65, tile: 129 }],
];

/** For models of which nothing is known: the commonest rule, and no fact. */
const UNKNOWN: PictureRule = { kind: 'tiles', base: 85, tile: 170 };

const TILE = 512;
const PATCH = 32;

/** Pictures of low detail are shown to patch models at 512 pixels square. */
const LOW_PATCHES = (512 / PATCH) ** 2;

/** Tiles are cut from a picture that fits this square and whose shorter side is at most {@link SHORT_SIDE}. */
const SQUARE = 2048;
const SHORT_SIDE = 768;

/** What a picture of unknown size is taken for: no larger one makes more tiles. */
const LARGEST: Size = { width: SQUARE, height: SHORT_SIDE };

/** What a picture of unknown size is taken for by a model that sees every pixel: a sheet scanned at 300 dots an inch. */
const LARGE_SCAN: Size = { width: 2480, height: 3508 };

function ruleOf(model: string): { readonly rule: PictureRule; readonly known: boolean } {
  const name = model
    .toLowerCase()
    .slice(model.lastIndexOf('/') + 1)
    .replace(/^ft:/, '');
  const row = RULES.find(([pattern]) => pattern.test(name));
  return row === undefined ? { rule: UNKNOWN, known: false } : { rule: row[1], known: true };
}

/** The tokens of a picture. Exact where its size stands in the request and the model's rule is published. */
export function countPicture(model: string, url: string | null, detail: unknown): Count {
  const { rule, known } = ruleOf(model);
  if (detail === 'low') return { tokens: lowOf(rule), exact: known };
  const size = url === null ? null : sizeOfDataUrl(url);
  if (rule.kind === 'tiles') return { tokens: tiled(rule, size ?? LARGEST), exact: known && size !== null };
  const original = detail === 'original' || (rule.autoIsOriginal && detail !== 'high');
  const cap = original ? rule.originalCap : rule.cap;
  return { tokens: patched(size ?? LARGE_SCAN, cap, rule.factor), exact: known && size !== null };
}

/** The most tokens that one picture can have; infinite where pictures are never shrunk. */
export function mostPictureTokens(model: string): number {
  const { rule } = ruleOf(model);
  return rule.kind === 'tiles' ? tiled(rule, LARGEST) : Math.ceil(rule.originalCap * rule.factor);
}

function lowOf(rule: PictureRule): number {
  return rule.kind === 'tiles' ? rule.base : Math.ceil(Math.min(rule.cap, LOW_PATCHES) * rule.factor);
}

function tiled({ base, tile }: PictureRule & { kind: 'tiles' }, { width, height }: Size): number {
  const fitted = Math.min(1, SQUARE / Math.max(width, height));
  const scale = fitted * Math.min(1, SHORT_SIDE / (Math.min(width, height) * fitted));
  return base + tile * pieces(width * scale, TILE) * pieces(height * scale, TILE);
}

/**
 * Patches that cover the picture. Where they are more than the cap, it is shrunk until they would be as many, and a little
 * more, so that one of its sides holds whole patches.
 */
function patched({ width, height }: Size, cap: number, factor: number): number {
  let count = pieces(width, PATCH) * pieces(height, PATCH);
  if (count > cap) {
    const shrunk = Math.sqrt((cap * PATCH ** 2) / (width * height));
    const across = (width * shrunk) / PATCH;
    const down = (height * shrunk) / PATCH;
    const scale = Math.min(Math.floor(across) / across, Math.floor(down) / down);
    count = Math.min(cap, pieces(across * scale, 1) * pieces(down * scale, 1));
  }
  return Math.ceil(count * factor);
}

/** How many pieces of a length cover another; a hair over a whole number is a rounding error. */
function pieces(length: number, piece: number): number {
  return Math.max(1, Math.ceil(length / piece - 1e-6));
}
