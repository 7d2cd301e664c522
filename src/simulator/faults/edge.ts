import type { FaultKind } from '../../engine/fault/fault.ts';
import { edgePage } from '../refusals.ts';
import { jsonAnswer } from '../script.ts';
import { answering, instead } from './misbehaviour.ts';
import type { Misbehaviour } from './misbehaviour.ts';

/** What the network edge says by itself, as an HTML page. */
const EDGE_PAGES: readonly (readonly [name: string, status: number, title: string, kind: FaultKind])[] = [
  ['payload-too-large-html', 413, 'Request Entity Too Large', 'payload-too-large'],
  ['bad-gateway', 502, 'Bad Gateway', 'bad-gateway'],
  ['unavailable-html', 503, 'Service Temporarily Unavailable', 'unavailable'],
  ['gateway-timeout', 504, 'Gateway Time-out', 'gateway-timeout'],
  ['edge-520', 520, 'Web server is returning an unknown error', 'bad-gateway'],
  ['edge-521', 521, 'Web server is down', 'unavailable'],
  ['edge-522', 522, 'Connection timed out', 'gateway-timeout'],
  ['edge-523', 523, 'Origin is unreachable', 'unavailable'],
  ['edge-524', 524, 'A timeout occurred', 'gateway-timeout'],
];

/** Errors that come from between the caller and the provider: HTML, plain text or nothing at all. */
export const EDGE_FAULTS: readonly Misbehaviour[] = [
  ...EDGE_PAGES.map(([name, status, title, kind]) =>
    answering(name, kind, `${status} ${title}, as an HTML page of the edge.`, () => edgePage(status, title)),
  ),
  answering('bad-gateway-empty', 'bad-gateway', '502 without a body.', () => ({
    status: 502,
    body: '',
    contentType: null,
    edge: true,
  })),
  answering('unavailable', 'unavailable', '503 in plain text.', () => ({
    status: 503,
    body: 'upstream connect error or disconnect/reset before headers. reset reason: overflow',
    contentType: 'text/plain',
    edge: true,
  })),
  {
    ...answering('status', 'invalid-request', 'Any status, with a short JSON error.', () => jsonAnswer(418, {})),
    argument: { means: 'the status', standard: 418 },
    apply: (script, status) =>
      instead(
        script,
        jsonAnswer(status, {
          error: { message: `Simulated status ${status}.`, type: null, param: null, code: null },
        }),
      ),
  },
];
