// What can be said of a prompt's tokens without counting them. A token covers at least one byte of the text, and JSON
// writes every byte of it with one or more of its own; so the bytes of a request are a ceiling for the tokens of all that
// is written out in it: texts, tools, sounds, files. Only a picture, named by a short address, can be more than its bytes.

/**
 * Tokens that a request may have above its bytes: what frames a list of tools (some forty), the start of the answer, and
 * the few that a provider adds unseen.
 */
const SLACK = 96;

/** Fewest bytes in which a request can name a picture: `{"type":"image_url","image_url":{"url":"x"}}`, with its comma. */
const PICTURE_BYTES = 45;

/**
 * How the names end without which a request shows no picture: `image_url`, or `input_image` with a file's id. They begin
 * with an underscore because a rare first character makes a search ten times as fast in prose.
 */
const ADDRESSED = Buffer.from('_url"');
const UPLOADED = Buffer.from('_image"');
const PICTURE_WORDS: Readonly<Record<'chat' | 'responses', readonly Buffer[]>> = {
  chat: [ADDRESSED],
  responses: [ADDRESSED, UPLOADED],
};

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
export function boundFits(bytes: number, limit: number, picture: number): boolean {
  const most = mostTokens(bytes);
  return most <= limit && most + (bytes / PICTURE_BYTES) * picture <= limit;
}

/** The same, told from the bytes alone; false means that the request has to be counted. */
export function surelyFits(body: Buffer, operation: 'chat' | 'responses', limit: number, picture: number): boolean {
  if (!boundFits(body.length, limit, 0)) return false;
  // So much room that the request could consist of pictures: nothing needs to be looked for.
  return boundFits(body.length, limit, picture) || !PICTURE_WORDS[operation].some((word) => body.includes(word));
}
