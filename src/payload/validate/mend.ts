import { hash } from 'node:crypto';
import { type Place, scanJson } from './json-scan.ts';
import { textOf } from './json-text.ts';
import type { Repair, Step } from './repair.ts';

/** A piece of the text to be replaced. `member`: a member goes, and its comma with it. */
interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly member: boolean;
}

/**
 * Makes repairs in the bytes of a request. What no repair names stays as it was written, byte for byte: numbers that
 * JavaScript cannot hold, the order of members, white space.
 *
 * @param bytes JSON in UTF-8.
 */
export function mend(bytes: Buffer, repairs: readonly Repair[]): Buffer {
  const written = textOf(bytes);
  const text = repairs.some(({ change }) => change === 'well-formed') ? wellFormed(written) : written;
  const edits = editsFor(text, repairs);
  return Buffer.from(edits.length === 0 ? text : edited(text, edits));
}

/** Where something stands, and where its namesakes stood before it. */
interface Found {
  place: Place;
  readonly earlier: Place[];
}

function editsFor(text: string, repairs: readonly Repair[]): Edit[] {
  const found = findPlaces(text, repairs);
  const removed = new Set(repairs.filter(({ change }) => change === 'remove').map(({ path }) => keyOf(path)));
  const edits: Edit[] = [];
  for (const repair of repairs) {
    const key = keyOf(repair.path);
    const at = found.get(key);
    // What is removed needs no other repair.
    if (removed.has(key) && repair.change !== 'remove') continue;
    if (at !== undefined) for (const edit of editsAt(text, repair, at)) edits.push(edit);
    else if (repair.change === 'put')
      for (const edit of putInto(text, repair.path, repair.with, found)) edits.push(edit);
  }
  return edits;
}

function editsAt(text: string, repair: Repair, { place, earlier }: Found): Edit[] {
  const value = { from: place.valueFrom, to: place.to, member: false };
  switch (repair.change) {
    case 'remove':
      return [...earlier, place].map(({ from, to }) => ({ from, to, text: '', member: true }));
    case 'keep-last':
      return earlier.map(({ from, to }) => ({ from, to, text: '', member: true }));
    case 'rename': {
      const name = JSON.stringify(repair.to);
      const end = text.lastIndexOf('"', text.lastIndexOf(':', place.valueFrom)) + 1;
      return [{ from: place.from, to: end, text: name, member: false }];
    }
    case 'replace':
    case 'put':
      return [{ ...value, text: JSON.stringify(repair.with) }];
    case 'hash':
      return [{ ...value, text: JSON.stringify(hash('sha256', String(JSON.parse(text.slice(value.from, value.to))))) }];
    case 'unmark':
    case 'well-formed':
      // These are about the text as a whole.
      return [];
  }
}

/** A member that is not there goes first in its object, which has others. */
function putInto(text: string, path: readonly Step[], value: string, found: ReadonlyMap<string, Found>): Edit[] {
  const holder = found.get(keyOf(path.slice(0, -1)));
  if (holder === undefined || text[holder.place.valueFrom] !== '{') return [];
  const at = holder.place.valueFrom + 1;
  return [{ from: at, to: at, text: `${JSON.stringify(path.at(-1))}:${JSON.stringify(value)},`, member: false }];
}

function findPlaces(text: string, repairs: readonly Repair[]): Map<string, Found> {
  const wanted = new Set<string>();
  for (const { path } of repairs) {
    wanted.add(keyOf(path));
    wanted.add(keyOf(path.slice(0, -1)));
  }
  const found = new Map<string, Found>();
  scanJson(text, {
    place(path, place, earlier) {
      const key = keyOf(path);
      if (!wanted.has(key)) return true;
      const before = found.get(key);
      if (earlier === null || before === undefined) found.set(key, { place, earlier: [] });
      else {
        before.earlier.push(before.place);
        before.place = place;
      }
      return true;
    },
  });
  return found;
}

function keyOf(path: readonly Step[]): string {
  return JSON.stringify(path);
}

/** Builds the text anew, piece by piece, and leaves no comma without a member. */
function edited(text: string, edits: readonly Edit[]): string {
  const sorted = [...edits].sort((a, b) => a.from - b.from || a.to - b.to);
  const pieces: string[] = [];
  let at = 0;
  for (const edit of sorted) {
    // Within what has gone already.
    if (edit.from < at) continue;
    pieces.push(text.slice(at, edit.from), edit.text);
    at = edit.to;
    if (!edit.member) continue;
    const comma = /^\s*,\s*/.exec(text.slice(at, at + 1000));
    if (comma !== null) at += comma[0].length;
    else dropLastComma(pieces);
  }
  pieces.push(text.slice(at));
  return pieces.join('');
}

/** The member behind it has gone, and it was the last. */
function dropLastComma(pieces: string[]): void {
  for (let last = pieces.length - 1; last >= 0; last -= 1) {
    const piece = (pieces[last] as string).trimEnd();
    pieces[last] = piece.endsWith(',') ? piece.slice(0, -1).trimEnd() : piece;
    if (piece !== '') return;
  }
}

/**
 * Replaces halves of surrogate pairs in the escapes of a text. Every escape is read, so that the second of two backslashes
 * begins none; outside escapes there are no halves, because UTF-8 cannot carry them.
 */
function wellFormed(text: string): string {
  return text.replaceAll(
    /\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|[\s\S])/g,
    (escape, half: string | undefined) => (half === undefined ? escape : '\ufffd'),
  );
}
