import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** One file of the dashboard, as it is sent. */
export interface SiteFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
}

/** Everything the dashboard consists of. A request can name nothing else: paths are looked up here, never on the disk. */
export interface Site {
  readonly index: SiteFile;
  /** By path, as in `/assets/index-Bx3k.js`. Their names carry a hash of what is in them. */
  readonly assets: ReadonlyMap<string, SiteFile>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Reads the built dashboard; null when it has not been built. */
export function readSite(directory: string): Site | null {
  let names: readonly string[];
  try {
    names = readdirSync(join(directory, 'assets'));
    const assets = names.map((name) => [`/assets/${name}`, readFile(join(directory, 'assets', name))] as const);
    return { index: readFile(join(directory, 'index.html')), assets: new Map(assets) };
  } catch {
    return null;
  }
}

function readFile(path: string): SiteFile {
  const bytes = readFileSync(path);
  return { type: TYPES[extname(path)] ?? 'application/octet-stream', bytes, gzipped: gzipSync(bytes) };
}
