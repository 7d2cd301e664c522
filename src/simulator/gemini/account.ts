import type { JsonObject } from '../json.ts';
import type { WholeAnswer } from '../script.ts';
import type { Received } from '../upstream.ts';
import { exhausted, missingKey, wrongKey } from './refusals.ts';

/** `/v1beta/models/gemini-2.5-flash:generateContent`; the version may be any, and so may a model's name. */
const METHOD = /^\/v1(?:alpha|beta)?\/models\/(.+):([a-zA-Z]+)$/;

/** The model that a path of Google's wire names, as it stands there; null for other paths. */
export function modelInPath(path: string): string | null {
  const found = METHOD.exec(path)?.[1];
  return found === undefined ? null : decodeURIComponent(found);
}

/** Whether a request is one of Google's wire: its methods stand behind a colon, and its versions are not OpenAI's. */
export function speaksGemini({ route }: Pick<Received, 'route'>): boolean {
  return METHOD.test(route) || /^\/v1(?:alpha|beta)\/models(?:\/|$)/.test(route);
}

/** Google's word on a key that is not accepted. */
export function refusedKey(key: string): WholeAnswer {
  return key === '' ? missingKey() : wrongKey();
}

/** A limiter's refusal in Google's words, which name the limit and the wait in their details. */
export function refusedByLimit({ body, headers = {} }: WholeAnswer, model: string): WholeAnswer {
  const { error } = JSON.parse(String(body)) as { error: JsonObject };
  const wait = Number(headers['retry-after']);
  const of = error['type'] === 'requests' ? 'requests' : 'tokens';
  return exhausted(of, model, Number.isFinite(wait) && wait > 0 ? wait : null);
}
