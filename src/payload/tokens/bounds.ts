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
const PICTURE_WORDS: readonly Buffer[] = ['_url"', '_image"'].map((word) => Buffer.from(word));

/** The most tokens that a request without pictures can have. */
export function mostTokens(bytes: number): number {
  return bytes + SLACK;
}

/** The fewest tokens that a text can have, when no token is longer than `longest` bytes. */
export function leastTokens(bytes: number, longest: number): number {
  return Math.ceil(bytes / longest);
}

/**
 * Whether a request fits into `limit` tokens beyond doubt, told from its bytes alone; false means that it has to be
 * counted. What the provider keeps (an earlier response, a conversation, an uploaded file) nobody can count here.
 *
 * @param picture the most tokens that one picture can have with this model.
 */
export function surelyFits(body: Buffer, limit: number, picture: number): boolean {
  const most = mostTokens(body.length);
  if (most > limit) return false;
  // So much room that the request could consist of pictures: nothing needs to be looked for.
  const crowd = (body.length / PICTURE_BYTES) * picture;
  return most + crowd <= limit || !PICTURE_WORDS.some((word) => body.includes(word));
}
