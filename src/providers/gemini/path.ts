/** Where callers of Google's wire find it beside OpenAI's: the SDK is pointed at the part before the version. */
const ROOT = '/gemini';

/** `/v1beta/…`, or another version of Google's. */
const VERSIONED = /^\/v1(?:alpha|beta)\//;

/** What is done with a model, behind a colon. A fine-tuned model of OpenAI's has colons in its name, too. */
const METHOD =
  /^\/models\/([^/?]+):(generateContent|streamGenerateContent|countTokens|embedContent|batchEmbedContents|batchGenerateContent)(?=\?|$)/;

/** What a path asks of a model. */
export interface Asked {
  /** The model's name as it is said to the provider. */
  readonly model: string;
  readonly method: string;
  /** With its question mark; empty when there is none. */
  readonly query: string;
}

/** Reads `/models/gemini-2.5-flash:generateContent`; null for other paths. */
export function askedIn(path: string): Asked | null {
  const found = METHOD.exec(path);
  if (found === null) return null;
  const [whole, model = '', method = ''] = found;
  try {
    return { model: decodeURIComponent(model), method, query: path.slice(whole.length) };
  } catch {
    return null;
  }
}

/** Whether a path below the gateway's root is Google's own and no other's. */
export function isGeminis(path: string): boolean {
  return path.startsWith(`${ROOT}/`) || VERSIONED.test(path) || METHOD.test(path);
}

/** Whether a path asks for an answer, so that it gets the full line. */
export function generates(path: string): boolean {
  const method = askedIn(path)?.method;
  return method === 'generateContent' || method === 'streamGenerateContent';
}

/** The part of an address that asks for an answer, wherever it stands: `/models/m:generateContent`; null for other addresses. */
export function generatedPathIn(pathname: string): string | null {
  const path = pathname.slice(Math.max(0, pathname.lastIndexOf('/models/')));
  return generates(path) ? path : null;
}

/** A path below the gateway's root as it is below Google's: `/v1beta/files` is `/files`. */
export function pathAtGemini(path: string): string {
  return path.replace(VERSIONED, '/');
}

/**
 * Below the gateway's root, what is asked below Google's: what is done with a model has a name of its own there, and everything
 * else keeps the whole of its path, because OpenAI has files and models too. Null for what is no path of Google's.
 */
export function belowGemini(url: string): string | null {
  const at = url.startsWith(`${ROOT}/`) ? url.slice(ROOT.length).replace(/^\/v1\//, '/v1beta/') : url;
  if (!VERSIONED.test(at)) return null;
  const below = pathAtGemini(at);
  return METHOD.test(below) ? below : at;
}

/** A path to a model's method under another name of the model. */
export function pathOf(model: string, method: string, query = ''): string {
  // A model's name may say where it is kept (`tunedModels/x`); the others are among `models`.
  const place = model.includes('/') ? model : `models/${model}`;
  return `/${place.split('/').map(encodeURIComponent).join('/')}:${method}${query}`;
}

/** The query's member that may hold a caller's key. */
const KEY = /([?&])key=([^&]*)(?:&|$)/;

/** A caller's key out of an address, where it would be seen by whoever reads addresses; null when it holds none. */
export function keyTakenFrom(url: string): { readonly url: string; readonly key: string } | null {
  const found = KEY.exec(url);
  if (found === null || !(url.startsWith(`${ROOT}/`) || VERSIONED.test(url) || METHOD.test(url.replace(/^\/v1/, '')))) {
    return null;
  }
  const [whole, mark, key = ''] = found;
  const rest = url.slice(found.index + whole.length);
  const bare = url.slice(0, found.index) + (rest === '' ? '' : `${mark}${rest}`);
  try {
    return { url: bare, key: decodeURIComponent(key) };
  } catch {
    return { url: bare, key };
  }
}
