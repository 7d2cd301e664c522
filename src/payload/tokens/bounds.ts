// What can be said of a prompt's tokens without counting them. A token covers at least one byte of the text, and JSON
// writes every byte of it with one or more of its own; so the bytes of a request are a ceiling for the tokens of all that
// is written out in it: texts, tools, sounds, files. Only a picture, named by a short address, can be more than its bytes.

import type { PromptWire } from '../prompt/prompt-wire.ts';

/**
 * Tokens that a request may have above its bytes: what frames a list of tools (some forty), the start of the answer, and
 * the few that a provider adds unseen.
 */
const SLACK = 96;

/** The most tokens that a request without pictures can have. */
export function mostTokens(bytes: number): number {
  return bytes + SLACK;
}

/** The fewest tokens that a text can have, when no token is longer than `longest` bytes. */
export function leastTokens(bytes: number, longest: number): number {
  return Math.ceil(bytes / longest);
}

/**
 * Whether a request without pictures, or so many of them as its bytes could name, fits into `limit` tokens beyond doubt.
 * What the provider keeps (an earlier response, a conversation, an uploaded file) nobody can count here.
 *
 * @param picture the most tokens that one picture can have with this model; 0 where there is none in the request.
 */
export function boundFits(bytes: number, { pictureBytes }: PromptWire, limit: number, picture: number): boolean {
  const most = mostTokens(bytes);
  return most <= limit && most + (bytes / pictureBytes) * picture <= limit;
}

/** The same, told from the bytes alone; false means that the request has to be counted. */
export function surelyFits(body: Buffer, wire: PromptWire, limit: number, picture: number): boolean {
  if (!boundFits(body.length, wire, limit, 0)) return false;
  // So much room that the request could consist of pictures: nothing needs to be looked for.
  return boundFits(body.length, wire, limit, picture) || !wire.pictureWords.some((word) => body.includes(word));
}
