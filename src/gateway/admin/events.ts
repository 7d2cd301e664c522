import type { ServerResponse } from 'node:http';
import type { EventSource } from './route.ts';

/** What a listener may leave unread, in bytes: minutes of frames. Whoever is slower than that is let go, and may come back. */
const MOST_UNREAD = 256 * 1024;

/** A comment is sent this often, ms, so that proxies do not take silence for the end. Frames come more often as a rule. */
const SIGN_OF_LIFE_MS = 15_000;

/** Whoever listens is asked for again this often, ms: a token that is revoked must not go on hearing. */
const CHECK_EVERY_MS = 1_000;

/** A listener is let go after so long, ms, and comes back by itself: a token that was revoked meanwhile is then found out. */
const LONGEST_MS = 10 * 60_000;

/** How soon a browser that was cut off may come back, ms. */
const RETRY_MS = 2_000;

/**
 * Writes server-sent events until the caller leaves; one who does not read is cut off, and never waited for.
 *
 * @param mayStay whether the caller may still listen
 */
export function sendEvents(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  begin: EventSource,
  mayStay: () => Promise<boolean>,
): void {
  if (response.destroyed) return;
  response.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  const write = (text: string): void => {
    if (response.destroyed) return;
    if (response.writableLength > MOST_UNREAD) response.destroy();
    else response.write(text);
  };
  write(`retry: ${RETRY_MS}\n\n`);
  const stop = begin((event, data) => write(`event: ${event}\ndata: ${data}\n\n`));
  const signs = setInterval(() => write(': alive\n\n'), SIGN_OF_LIFE_MS).unref();
  const checks = setInterval(() => {
    void mayStay().then((stays) => (stays ? undefined : response.end()));
  }, CHECK_EVERY_MS).unref();
  const end = setTimeout(() => response.end(), LONGEST_MS).unref();
  response.on('close', () => {
    clearInterval(signs);
    clearTimeout(end);
    clearInterval(checks);
    stop();
  });
}
