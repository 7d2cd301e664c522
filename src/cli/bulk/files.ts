import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** @throws {Error} the input is no file that can be read through twice */
export function requireInput(input: string): void {
  const found = statSync(input, { throwIfNoEntry: false });
  if (found === undefined) throw new Error(`there is no ${input}`);
  if (found.isDirectory()) throw new Error(`${input} is a directory; name a file in it`);
  // It is read to be checked, to be sent, and to be handed over in its order: what comes through a pipe comes once.
  if (!found.isFile())
    throw new Error(`${input} is no file, and cannot be read more than once; write it to a file first`);
}

/** @throws {Error} the output has no directory to go to */
export function requireDirectory(out: string): void {
  if (out === '') throw new Error('--out is empty; name the file that the answers go to');
  const place = statSync(dirname(out), { throwIfNoEntry: false });
  if (place === undefined) throw new Error(`--out: there is no directory ${dirname(out)}; make it, or write elsewhere`);
  if (!place.isDirectory()) throw new Error(`--out: ${dirname(out)} is no directory; write elsewhere`);
}

/**
 * Answers cost money and devices cannot be brought back, so the output takes the place of nothing that is there.
 *
 * @throws {Error} the answers cannot go there
 */
export function requireFreeOutput(out: string, journal: string): void {
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new Error(`--out: ${out} is a directory; name a file in it`);
  }
  // While there is a journal, a file of this name is what its last step was about to write.
  if (existsSync(out) && !existsSync(journal)) {
    throw new Error(`--out: ${out} is there already and would be lost; move it away, or write to another file`);
  }
}
