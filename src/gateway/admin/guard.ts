import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../../config/addresses.ts';
import { AdminProblem } from './problem.ts';

/**
 * Keeps foreign pages away. Tokens come in a header that no browser adds by itself, so a page without one could do nothing;
 * this is for the page that has found one. A request that names an origin must come from the gateway's own; and where only
 * this machine is listened to, a host of another name is a DNS name that was bound to it from outside.
 */
export function refuseForeignPages({ host, origin }: IncomingHttpHeaders, loopbackOnly: boolean): void {
  if (loopbackOnly && host !== undefined && !isLoopback(hostnameOf(`http://${host}`))) {
    throw new AdminProblem(
      403,
      'foreign_host',
      `this gateway listens to its own machine only, not as ${host.slice(0, 200)}`,
    );
  }
  if (origin !== undefined && (host === undefined || hostOf(origin) !== host.toLowerCase())) {
    throw new AdminProblem(403, 'foreign_origin', `pages of ${origin.slice(0, 200)} may not use this API`);
  }
}

function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).host : null;
}

function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

/** What the dashboard sends with every change. No form can, and a script of another site would have to ask first. */
const OWN_PAGE_HEADER = 'x-holdfast-page';

/**
 * Keeps other sites from using a session that the browser adds by itself. `SameSite=Strict` already does, except for pages of
 * the same host on another port, which browsers take for the same site.
 */
export function refuseForgery(method: string, headers: IncomingHttpHeaders): void {
  const { 'sec-fetch-site': site } = headers;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new AdminProblem(403, 'foreign_page', 'another page may not use this session');
  }
  if (method !== 'GET' && headers[OWN_PAGE_HEADER] === undefined) {
    throw new AdminProblem(
      403,
      'foreign_page',
      `a change needs the header ${OWN_PAGE_HEADER}: 1, which no other page can send`,
    );
  }
}
