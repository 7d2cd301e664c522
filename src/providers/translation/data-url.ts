import { Untranslatable } from './loss.ts';

/** Data that stands in an address itself. */
export interface DataUrl {
  /** In lower case; empty where none is named. */
  readonly mediaType: string;
  readonly base64: boolean;
  /** As it stands there: in Base64, or escaped. */
  readonly data: string;
}

const DATA_URL = /^data:([^;,]*)(?:;[^;,]*)*?(;base64)?,(.*)$/s;

/** Reads `data:image/png;base64,…`; null for any other address. */
export function readDataUrl(url: string): DataUrl | null {
  const found = DATA_URL.exec(url);
  if (found === null) return null;
  return { mediaType: (found[1] ?? '').toLowerCase(), base64: found[2] !== undefined, data: found[3] ?? '' };
}

/**
 * The text that an address holds.
 *
 * @throws {Untranslatable} where it is not escaped as addresses are.
 */
export function textIn({ base64, data }: DataUrl, field: string): string {
  if (base64) return Buffer.from(data, 'base64').toString('utf8');
  try {
    return decodeURIComponent(data);
  } catch {
    throw new Untranslatable(field, 'the data URL is not escaped as it has to be');
  }
}
