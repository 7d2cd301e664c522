import type { Ground, Meaning } from './meaning.ts';

/** What a status means when nothing better was said, and the ground on which wordings may refine it. */
export interface StatusReading {
  readonly ground: Ground;
  readonly meaning: Meaning;
}

const INVALID: StatusReading = { ground: 'request', meaning: { kind: 'invalid-request' } };
const SERVER: StatusReading = { ground: 'server', meaning: { kind: 'server-error' } };
const GATEWAY: StatusReading = { ground: 'server', meaning: { kind: 'bad-gateway' } };

function settled(meaning: Meaning): StatusReading {
  return { ground: 'settled', meaning };
}

const PROXY: Meaning = {
  kind: 'authentication',
  party: 'network',
  remedy: 'Give the HTTP proxy between this machine and the provider its credentials, or go around it.',
};

const ORIGIN_TLS: Meaning = {
  kind: 'bad-gateway',
  here: false,
  remedy:
    'Use another target until the provider has repaired the certificate between its edge and its servers; report it there.',
};

const WRONG_PATH: Meaning = {
  kind: 'invalid-request',
  remedy: 'Check the base URL and path: this address does not take that method.',
};

/** 52x and 530 are Cloudflare's, 494 and 499 nginx's, 460 and 561 those of Amazon's balancer, 529 Anthropic's. */
const STATUSES: ReadonlyMap<number, StatusReading> = new Map([
  [401, { ground: 'credentials', meaning: { kind: 'authentication' } }],
  [402, settled({ kind: 'quota-exhausted' })],
  [403, { ground: 'forbidden', meaning: { kind: 'permission' } }],
  [404, { ground: 'missing', meaning: { kind: 'not-found' } }],
  [405, settled(WRONG_PATH)],
  [407, settled(PROXY)],
  [
    408,
    settled({
      kind: 'timeout',
      remedy:
        'Retry: the provider stopped waiting for the request or for its own work; check the uplink if bodies are large.',
    }),
  ],
  [409, settled({ kind: 'conflict' })],
  [410, { ground: 'missing', meaning: { kind: 'not-found' } }],
  [413, { ground: 'size', meaning: { kind: 'payload-too-large' } }],
  [423, settled({ kind: 'conflict' })],
  [424, SERVER],
  [425, settled({ kind: 'unavailable' })],
  [429, { ground: 'rate', meaning: { kind: 'rate-limit-requests' } }],
  [431, settled({ kind: 'headers-too-large' })],
  [451, settled({ kind: 'region' })],
  [460, settled({ kind: 'cancelled' })],
  [494, settled({ kind: 'headers-too-large' })],
  [498, { ground: 'unavailable', meaning: { kind: 'overloaded' } }],
  [499, settled({ kind: 'cancelled' })],
  [
    501,
    settled({
      kind: 'unsupported-parameter',
      elsewhere: true,
      remedy: 'Use a target that implements this operation: this server does not.',
    }),
  ],
  [502, GATEWAY],
  [503, { ground: 'unavailable', meaning: { kind: 'unavailable' } }],
  [504, settled({ kind: 'gateway-timeout' })],
  [
    505,
    settled({
      kind: 'server-error',
      here: false,
      remedy: 'Check the proxy between: the HTTP version it speaks is refused.',
    }),
  ],
  [
    511,
    settled({
      kind: 'network',
      detail: 'other',
      here: false,
      remedy: 'Sign in to the network (captive portal) this machine is on.',
    }),
  ],
  [520, GATEWAY],
  [521, settled({ kind: 'unavailable' })],
  [522, settled({ kind: 'gateway-timeout' })],
  [523, settled({ kind: 'unavailable' })],
  [524, settled({ kind: 'gateway-timeout' })],
  [525, settled(ORIGIN_TLS)],
  [526, settled(ORIGIN_TLS)],
  [527, GATEWAY],
  [529, { ground: 'unavailable', meaning: { kind: 'overloaded' } }],
  [530, GATEWAY],
  [561, settled(PROXY)],
  [598, settled({ kind: 'gateway-timeout' })],
  [599, settled({ kind: 'gateway-timeout' })],
]);

const REDIRECTED: Meaning = {
  kind: 'malformed-response',
  here: false,
  remedy: 'Correct the base URL: the address redirects, and a key must not follow a redirect.',
};

/** Never healthy: whatever is not a known failure is the nearest unknown one. Null for 2xx, which only the body explains. */
export function readStatus(status: number): StatusReading | null {
  if (status >= 200 && status < 300) return null;
  const known = STATUSES.get(status);
  if (known !== undefined) return known;
  if (status >= 300 && status < 400) return settled(REDIRECTED);
  if (status >= 400 && status < 500) return INVALID;
  return status >= 500 ? SERVER : settled({ kind: 'malformed-response' });
}
