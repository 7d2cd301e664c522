import type { IncomingHttpHeaders } from 'node:http';

/**
 * Behind https the name binds the cookie to this very host, so that no neighbour below the same domain can plant one. Over
 * plain http browsers refuse such names; there the port stands in the name, because cookies are shared by all ports of a host.
 */
const HOST_BOUND = '__Host-holdfast-session';

/** What a session's id looks like: 32 bytes in base64url. */
const ID = /^[\w-]{43}$/;

/** The session that the browser holds; null when it shows none. */
export function readSessionCookie({ cookie, host }: IncomingHttpHeaders): string | null {
  if (cookie === undefined) return null;
  const held = new Map(cookie.split(';').map((part) => cut(part.trim())));
  const id = held.get(HOST_BOUND) ?? held.get(plainName(host)) ?? '';
  return ID.test(id) ? id : null;
}

/** `Set-Cookie` of a session that begins, or, with an empty id, of one that ends. */
export function sessionCookie(id: string, { origin, host }: IncomingHttpHeaders, seconds: number): string {
  // The page's origin tells how the browser sees us, whatever stands between.
  const secure = origin?.startsWith('https://') === true;
  const name = secure ? HOST_BOUND : plainName(host);
  return `${name}=${id}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}

function plainName(host = ''): string {
  const port = /:(\d{1,5})$/.exec(host)?.[1] ?? '80';
  return `holdfast-session-${port}`;
}

function cut(pair: string): [name: string, value: string] {
  const equals = pair.indexOf('=');
  return equals < 0 ? ['', pair] : [pair.slice(0, equals), pair.slice(equals + 1)];
}
