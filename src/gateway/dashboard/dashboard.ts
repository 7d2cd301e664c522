import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { readSite, type Site, type SiteFile } from './site.ts';

/** Where the build puts it; the same place seen from the sources and from what they are compiled to. */
const BUILT: string = fileURLToPath(new URL('../../../dist/web', import.meta.url));

/** The first word of every page's address: the page itself finds out what it shows. */
const PAGES: ReadonlySet<string> = new Set([
  'calls',
  'costs',
  'faults',
  'jobs',
  'playground',
  'providers',
  'sign-in',
  'tenants',
]);

/** Only what this gateway serves itself may run, style, be shown or be asked; nobody may frame it. */
const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Holdfast</title>
<h1>The dashboard has not been built</h1>
<p>The gateway itself is up. In the checkout, run <code>npm run build</code>, then load this page again.</p>
`;

/** The pages for people. They hold no data: what they show they ask the admin API for, which asks who they are. */
export class Dashboard {
  readonly #directory: string;
  /** Read when it is first asked for: many gateways never are. */
  #site: Site | null = null;

  constructor(directory: string = BUILT) {
    this.#directory = directory;
  }

  /** Answers a request for a page or a part of one. @returns false: it is for neither, and somebody else's to answer */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, url = '/' } = request;
    if (method !== 'GET' && method !== 'HEAD') return false;
    const [path = '/'] = url.split('?', 1);
    const asset = path.startsWith('/assets/');
    if (!asset && path !== '/' && !PAGES.has(path.split('/', 2)[1] ?? '')) return false;
    this.#site ??= readSite(this.#directory);
    if (this.#site === null) send(request, response, 503, notBuilt(), 'no-store');
    else if (!asset) send(request, response, 200, this.#site.index, 'no-store');
    else {
      const file = this.#site.assets.get(path);
      if (file === undefined) return false;
      send(request, response, 200, file, 'public, max-age=31536000, immutable');
    }
    return true;
  }
}

function notBuilt(): SiteFile {
  const bytes = Buffer.from(NOT_BUILT);
  return { type: 'text/html; charset=utf-8', bytes, gzipped: bytes };
}

function send(
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  status: number,
  { type, bytes, gzipped }: SiteFile,
  cache: string,
): void {
  const packed = gzipped.length < bytes.length && /\bgzip\b/.test(headers['accept-encoding'] ?? '');
  const body = packed ? gzipped : bytes;
  response.writeHead(status, {
    ...SAFE_HEADERS,
    'content-type': type,
    'content-length': body.length,
    'cache-control': cache,
    vary: 'accept-encoding',
    ...(packed ? { 'content-encoding': 'gzip' } : {}),
  });
  response.end(method === 'HEAD' ? undefined : body);
}
