import type { Fault, FaultDetail, FaultKind, Party } from './fault.ts';
import { faultOf } from './fault-of.ts';
import { tellable } from './tellable.ts';

interface Cause {
  readonly kind: FaultKind;
  readonly detail?: FaultDetail;
  readonly party?: Party;
  readonly here?: boolean;
  readonly remedy?: string;
}

const CONNECT: Cause = { kind: 'timeout', detail: 'connect' };
const DNS: Cause = { kind: 'network', detail: 'dns' };
const REFUSED: Cause = { kind: 'network', detail: 'refused' };
const RESET: Cause = { kind: 'network', detail: 'reset' };
const TLS: Cause = { kind: 'network', detail: 'tls' };
const OTHER: Cause = { kind: 'network', detail: 'other' };
const GARBLED: Cause = { kind: 'malformed-response' };
const CUT: Cause = { kind: 'partial-response' };
const LEFT: Cause = { kind: 'cancelled' };
const EXHAUSTED: Cause = {
  kind: 'network',
  detail: 'other',
  party: 'gateway',
  remedy: "Raise this machine's limit on open files or ports, and look for connections that are not closed.",
};

/** Codes of node, undici, its HTTP parser and OpenSSL. */
const CODES: ReadonlyMap<string, Cause> = new Map([
  ['UND_ERR_CONNECT_TIMEOUT', CONNECT],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', CONNECT],
  ['UND_ERR_HEADERS_TIMEOUT', { kind: 'timeout', detail: 'headers' }],
  ['UND_ERR_BODY_TIMEOUT', { kind: 'timeout', detail: 'idle' }],
  ['ESOCKETTIMEDOUT', { kind: 'timeout', detail: 'idle' }],
  ['ETIMEDOUT', CONNECT],
  ['ENOTFOUND', DNS],
  ['EAI_AGAIN', DNS],
  ['EAI_NODATA', DNS],
  ['EAI_FAIL', DNS],
  ['ENODATA', DNS],
  ['ECONNREFUSED', REFUSED],
  ['ECONNRESET', RESET],
  ['ECONNABORTED', RESET],
  ['EPIPE', RESET],
  ['UND_ERR_SOCKET', RESET],
  ['ERR_STREAM_PREMATURE_CLOSE', CUT],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', CUT],
  ['Z_BUF_ERROR', CUT],
  ['Z_DATA_ERROR', GARBLED],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', GARBLED],
  ['UND_ERR_RESPONSE', GARBLED],
  ['UND_ERR_HEADERS_OVERFLOW', GARBLED],
  ['UND_ERR_ABORTED', LEFT],
  ['ABORT_ERR', LEFT],
  ['ERR_CANCELED', LEFT],
  ['EPROTO', TLS],
  ['UND_ERR_PRX_TLS', TLS],
  ['CERT_HAS_EXPIRED', TLS],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', TLS],
  ['HOSTNAME_MISMATCH', TLS],
  ['EHOSTUNREACH', OTHER],
  ['EHOSTDOWN', OTHER],
  ['ENETUNREACH', OTHER],
  ['ENETDOWN', OTHER],
  ['ENETRESET', RESET],
  ['EADDRNOTAVAIL', EXHAUSTED],
  ['EMFILE', EXHAUSTED],
  ['ENFILE', EXHAUSTED],
  ['ENOBUFS', EXHAUSTED],
  [
    'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
    { kind: 'invalid-request', remedy: 'Correct the content-length header: it does not match the body sent.' },
  ],
  ['UND_ERR_INVALID_ARG', { kind: 'internal' }],
  ['ERR_INVALID_URL', { kind: 'internal', remedy: 'Correct the base URL in the configuration: it is not a URL.' }],
]);

const FAMILIES: readonly (readonly [RegExp, Cause])[] = [
  [/^(?:CERT_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|SELF_SIGNED_|ERR_OSSL_|CRL_)/, TLS],
  [/^HPE_/, GARBLED],
  [/^ERR_HTTP2_/, RESET],
  [/^(?:EAI_|EDNS)/, DNS],
  [/^UND_ERR_/, OTHER],
];

const NAMES: ReadonlyMap<string, Cause> = new Map([
  ['AbortError', LEFT],
  ['TimeoutError', { kind: 'timeout', detail: 'total' }],
  ['SyntaxError', GARBLED],
  // undici leaves the code out where the parser gives it none.
  ['HTTPParserError', GARBLED],
]);

/** Errors without any code, which some wrappers throw. */
const MESSAGES: readonly (readonly [RegExp, Cause])[] = [
  [/socket hang up|other side closed|connection (?:was )?(?:reset|closed)/i, RESET],
  [/premature close/i, CUT],
  [/^terminated$/i, RESET],
  [/getaddrinfo/i, DNS],
  [/certificate/i, TLS],
  [/timed? ?out/i, { kind: 'timeout', detail: 'total' }],
  [/fetch failed|network (?:error|socket)/i, OTHER],
];

/**
 * Names the fault of a thrown transport error: undici's and node's own codes, wherever in the chain of causes they stand,
 * the attempts of a failed dual-stack connect included. Never throws.
 */
export function classifyException(error: unknown, options: { readonly provider?: string } = {}): Fault {
  const chain = unwind(error);
  const known = chain.map(read).find((found) => found !== null);
  const told = known?.link ?? chain[0];
  const evidence = [known?.evidence ?? `exception ${told?.name ?? typeof error}`];
  if (options.provider !== undefined) evidence.push(`while calling ${tellable(options.provider, 60)}`);
  const said = told === undefined || told.message === '' ? {} : { message: tellable(told.message) };
  const { kind, ...facts } = known?.cause ?? unknownCause(told);
  return faultOf(kind, { ...facts, ...said, evidence, code: told?.code ?? null });
}

/** A code nobody has listed is still the transport's; an error without any is a defect in Holdfast itself. */
function unknownCause(link: Link | undefined): Cause {
  return link?.code ? OTHER : { kind: 'internal' };
}

interface Link {
  readonly code: string | null;
  readonly name: string;
  readonly message: string;
  readonly syscall: string | null;
}

const LONGEST_CHAIN = 16;

/** The error, its causes and the errors an aggregate holds, outermost first. */
function unwind(error: unknown): Link[] {
  const chain: Link[] = [];
  const seen = new Set<unknown>();
  const waiting: unknown[] = [error];
  while (waiting.length > 0 && chain.length < LONGEST_CHAIN) {
    const next = waiting.shift();
    if (typeof next === 'string') chain.push({ code: null, name: 'string', message: next, syscall: null });
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    chain.push({
      code: text(next, 'code'),
      name: text(next, 'name') ?? 'object',
      message: text(next, 'message') ?? '',
      syscall: text(next, 'syscall'),
    });
    const inner = property(next, 'errors');
    if (Array.isArray(inner)) waiting.push(...inner.slice(0, LONGEST_CHAIN));
    waiting.push(property(next, 'cause'));
  }
  // The deepest code is the first cause: "fetch failed" and "terminated" only wrap it.
  return chain.some(({ code }) => code !== null)
    ? chain.toSorted((a, b) => Number(b.code !== null) - Number(a.code !== null))
    : chain;
}

function read(link: Link): { readonly cause: Cause; readonly link: Link; readonly evidence: string } | null {
  const { code, name, message, syscall } = link;
  if (code !== null) {
    const cause = CODES.get(code) ?? FAMILIES.find(([family]) => family.test(code))?.[1];
    // The same code is a dead connection when it comes from a read or a write.
    const idle = code === 'ETIMEDOUT' && syscall !== null && syscall !== 'connect';
    if (cause !== undefined)
      return { cause: idle ? { kind: 'timeout', detail: 'idle' } : cause, link, evidence: `exception code ${code}` };
  }
  const byName = NAMES.get(name);
  if (byName !== undefined) return { cause: byName, link, evidence: `exception ${name}` };
  const byMessage = MESSAGES.find(([pattern]) => pattern.test(message))?.[1];
  return byMessage === undefined
    ? null
    : { cause: byMessage, link, evidence: `exception message: ${tellable(message, 80)}` };
}

/** A getter of a foreign error may throw; that must not hide the failure it belongs to. */
function property(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function text(value: object, key: string): string | null {
  const found = property(value, key);
  return typeof found === 'string' && found !== '' ? found : null;
}
