import type { IncomingHttpHeaders } from 'node:http';
import { readFields } from '../../http1/fields.ts';

/** The head of a request with a body of known length. */
export interface RequestHead {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Bytes of the body. */
  readonly length: number;
  /** Where the body begins among the bytes that were read. */
  readonly bodyAt: number;
}

const EMPTY_LINE = Buffer.from('\r\n\r\n');
/** A path: the other forms (RFC 9112, section 3.2) are for proxies. */
const TARGET = /^\/[\x21-\x7e]*$/;
const LENGTH = /^\d{1,15}$/;

/** What changes how a request is framed, asks something of the connection, or is not plain text to node:http. */
const ASKING_FOR_MORE = [
  'transfer-encoding',
  'expect',
  'upgrade',
  'trailer',
  'te',
  'http2-settings',
  'proxy-connection',
  'set-cookie',
] as const;

/**
 * Reads the head of a request, where it is all there and says nothing out of the ordinary: a POST over HTTP/1.1 with one
 * Content-Length, no field twice, and no wish about the connection but to keep it.
 *
 * @param mostBytes of a head
 * @returns null for everything else, which is not to say that it is wrong: it takes a whole HTTP server to tell
 */
export function readRequestHead(bytes: Buffer, mostBytes: number): RequestHead | null {
  const end = bytes.indexOf(EMPTY_LINE);
  const bodyAt = end + EMPTY_LINE.length;
  if (end < 0 || bodyAt > mostBytes) return null;
  const text = bytes.toString('latin1', 0, end);
  const lineEnd = text.indexOf('\r\n');
  if (lineEnd < 0 || !text.startsWith('POST ') || !text.startsWith(' HTTP/1.1', lineEnd - 9)) return null;
  const url = text.slice(5, lineEnd - 9);
  const headers = TARGET.test(url) ? readFields(text.slice(lineEnd)) : null;
  if (headers === null || !isOrdinary(headers)) return null;
  const length = headers['content-length'];
  if (length === undefined || !LENGTH.test(length)) return null;
  return { url, headers, length: Number(length), bodyAt };
}

function isOrdinary(fields: Readonly<Record<string, string | readonly string[]>>): fields is Record<string, string> {
  for (const name in fields) if (typeof fields[name] !== 'string') return false;
  const { host, connection } = fields as Record<string, string>;
  if (host === undefined || host === '') return false;
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return false;
  return ASKING_FOR_MORE.every((name) => fields[name] === undefined);
}
