import type { Operation } from '../engine/call.ts';
import { belowAnthropic, pathAtAnthropic } from '../providers/anthropic/path.ts';
import { belowGemini } from '../providers/gemini/path.ts';
import { operationOf } from '../providers/openai/request.ts';

/**
 * `/v1/chat/completions` → `/chat/completions`, and the same for the paths of other wires than OpenAI's; null for what is not
 * below the API's root, or tries to leave it.
 *
 * Null, too, for another way of writing a path that is read here (`/v1/chat/%63ompletions`, `/v1//responses`): carried unread,
 * it would be counted as no more than a request, and many servers take it for the path that it resembles.
 */
export function pathBelowRoot(url: string): string | null {
  const below = url.startsWith('/v1/') ? belowOpenAI(url) : (belowAnthropic(url) ?? belowGemini(url));
  return below === null || PLAIN.test(below) || !isDisguised(below) ? below : null;
}

/** What a call asks for. */
export interface Called {
  /** The same string each time: a part cut out of an address is compared letter by letter wherever it is looked at later. */
  readonly path: string;
  readonly operation: Operation;
}

const USUAL: ReadonlyMap<string, Called> = new Map(
  ['/chat/completions', '/responses', '/embeddings'].map((path) => [
    `/v1${path}`,
    { path, operation: operationOf('POST', path) },
  ]),
);

/** One of the calls that nearly all are, known by its address as a whole; undefined for everything else. */
export function usualCall(method: string | undefined, url: string): Called | undefined {
  return method === 'POST' ? USUAL.get(url) : undefined;
}

/** Other wires hang beside OpenAI's, not below it. */
function belowOpenAI(url: string): string | null {
  return url.startsWith('/v1/anthropic/') || url.startsWith('/v1/gemini/') ? null : url.slice(3);
}

/** What nearly every path is: words between slashes, none of which can stand for anything else. */
const PLAIN = /^(?:\/[a-z][a-z_-]*)+$/;

function isDisguised(below: string): boolean {
  const [written = ''] = below.split('?', 1);
  const meant = meaningOf(written);
  if (meant === null) return true;
  return meant !== written && operationOf('POST', written) === 'passthrough' && isReadHere(meant);
}

/** @param meant in lower case */
function isReadHere(meant: string): boolean {
  return operationOf('POST', pathAtAnthropic(meant)) !== 'passthrough' || GENERATES.test(meant);
}

const GENERATES = /\/models\/.*:(?:stream)?generatecontent$/;

/** The path as the most lenient of servers reads it; null when it leads somewhere else, or nowhere. */
function meaningOf(written: string): string | null {
  let path: string;
  try {
    path = decodeURIComponent(written).toLowerCase();
  } catch {
    return null;
  }
  if (/[\\#\0]/.test(path)) return null;
  const segments = path.split('/').map((segment) => (segment.split(';', 1)[0] ?? '').trim());
  if (segments.some((segment) => segment === '.' || segment === '..')) return null;
  return `/${segments.filter((segment) => segment !== '').join('/')}`;
}
