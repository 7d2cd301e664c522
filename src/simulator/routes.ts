import { chat } from './chat.ts';
import { unknownUrl } from './refusals.ts';
import { wholeScript } from './script.ts';
import type { Script } from './script.ts';
import type { Handler, Received, Upstream } from './upstream.ts';

/** The busy paths, found without looking through the patterns. */
const EXACT: Readonly<Record<string, Handler>> = {
  'POST /v1/chat/completions': chat,
};

/** Every other path, first match first. */
const PATTERNS: readonly (readonly [method: string, path: RegExp, handler: Handler])[] = [];

/** What the provider does with a request, or the real 404 for a path it does not know. */
export function answer(received: Received, upstream: Upstream): Script {
  const handler =
    EXACT[`${received.method} ${received.route}`] ??
    PATTERNS.find(([method, path]) => (method === '*' || method === received.method) && path.test(received.route))?.[2];
  if (handler !== undefined) return handler(received, upstream);
  return wholeScript(upstream.about(received, 'other'), unknownUrl(received.method, received.path));
}
