import type { Fault, FaultDetail, FaultKind, Party } from './fault.ts';

/** What holds for every fault of one kind unless the failure itself says otherwise. */
export interface KindFacts {
  readonly party: Party;
  /** Whether the same target may well answer the same call. */
  readonly here: boolean;
  /** Whether another key, region, model or provider may well answer it. */
  readonly elsewhere: boolean;
  readonly remedy: string;
  /** The HTTP status a caller is shown when Holdfast reports the fault and the provider's own status does not serve. */
  readonly callerStatus: number;
  /** `error.type` and `error.code` of OpenAI's envelope, for failures that bring no such words of their own. */
  readonly type: string;
  readonly code: string;
}

export const KINDS: Readonly<Record<FaultKind, KindFacts>> = {
  authentication: {
    party: 'account',
    here: false,
    elsewhere: true,
    remedy:
      'Replace or correct the API key (and its organisation and project headers); a new key takes up to 15 minutes to work everywhere.',
    callerStatus: 401,
    type: 'invalid_request_error',
    code: 'invalid_api_key',
  },
  permission: {
    party: 'account',
    here: false,
    elsewhere: true,
    remedy: 'Grant the key, project or account access to this model or operation, or use one that has it.',
    callerStatus: 403,
    type: 'invalid_request_error',
    code: 'permission_denied',
  },
  region: {
    party: 'account',
    here: false,
    elsewhere: true,
    remedy:
      'Call from a region the provider serves (check VPN and egress), or route this model to a provider that serves yours.',
    callerStatus: 403,
    type: 'request_forbidden',
    code: 'unsupported_country_region_territory',
  },
  'not-found': {
    party: 'caller',
    here: false,
    elsewhere: true,
    remedy: 'Check the model or deployment name and the base URL; list the models this key can reach.',
    callerStatus: 404,
    type: 'invalid_request_error',
    code: 'model_not_found',
  },
  'invalid-request': {
    party: 'caller',
    here: false,
    elsewhere: false,
    remedy: 'Fix the field the message names; the same request will be refused again.',
    callerStatus: 400,
    type: 'invalid_request_error',
    code: 'invalid_value',
  },
  'unsupported-parameter': {
    party: 'caller',
    here: false,
    elsewhere: false,
    remedy: 'Remove or rename the parameter this model does not take, or choose a model that takes it.',
    callerStatus: 400,
    type: 'invalid_request_error',
    code: 'unsupported_parameter',
  },
  'context-length': {
    party: 'caller',
    here: false,
    elsewhere: true,
    remedy: "Shorten the prompt (trim or summarise history) or use a model with a larger window; waiting doesn't help.",
    callerStatus: 400,
    type: 'invalid_request_error',
    code: 'context_length_exceeded',
  },
  'output-cap': {
    party: 'caller',
    here: false,
    elsewhere: true,
    remedy: "Lower the requested output tokens to the model's cap, or use a model with a higher one.",
    callerStatus: 400,
    type: 'invalid_request_error',
    code: 'integer_above_max_value',
  },
  'content-policy': {
    party: 'caller',
    here: false,
    elsewhere: false,
    remedy: "Change the content that the provider's safety system refused, or handle the refusal in the application.",
    callerStatus: 400,
    type: 'invalid_request_error',
    code: 'content_policy_violation',
  },
  'payload-too-large': {
    party: 'caller',
    here: false,
    elsewhere: false,
    remedy:
      'Send fewer bytes (smaller images or files, fewer messages), or raise the body limit of your own proxy if it refused.',
    callerStatus: 413,
    type: 'invalid_request_error',
    code: 'request_too_large',
  },
  'rate-limit-requests': {
    party: 'account',
    here: true,
    elsewhere: true,
    remedy: 'Wait as long as the provider says and send fewer requests at once, or ask for a higher request limit.',
    callerStatus: 429,
    type: 'requests',
    code: 'rate_limit_exceeded',
  },
  'rate-limit-tokens': {
    party: 'account',
    here: true,
    elsewhere: true,
    remedy:
      'Wait as long as the provider says; then use shorter prompts and lower output caps, or ask for a higher token limit.',
    callerStatus: 429,
    type: 'tokens',
    code: 'rate_limit_exceeded',
  },
  'too-large-for-limit': {
    party: 'caller',
    here: false,
    elsewhere: true,
    remedy:
      'Shrink the request or its output cap: it alone exceeds the per-minute token limit, so waiting never helps.',
    callerStatus: 429,
    type: 'tokens',
    code: 'rate_limit_exceeded',
  },
  'slow-down': {
    party: 'account',
    here: true,
    elsewhere: true,
    remedy: 'Return to the earlier rate, hold it for 15 minutes, then raise it by no more than half every 15 minutes.',
    callerStatus: 429,
    type: 'rate_limit_error',
    code: 'slow_down',
  },
  'quota-exhausted': {
    party: 'account',
    here: false,
    elsewhere: true,
    remedy:
      "Add credit or raise the spend limit in the provider's billing settings; retrying with this key cannot succeed until then.",
    callerStatus: 429,
    type: 'insufficient_quota',
    code: 'insufficient_quota',
  },
  conflict: {
    party: 'provider',
    here: true,
    elsewhere: false,
    remedy: 'Retry shortly: another request was changing the same resource.',
    callerStatus: 409,
    type: 'invalid_request_error',
    code: 'conflict',
  },
  overloaded: {
    party: 'provider',
    here: true,
    elsewhere: true,
    remedy: "Back off longer than for other errors or use another model or provider; watch the provider's status page.",
    callerStatus: 503,
    type: 'service_unavailable_error',
    code: 'server_is_overloaded',
  },
  'server-error': {
    party: 'provider',
    here: true,
    elsewhere: true,
    remedy: "Retry two or three times; if it persists, open a ticket with the provider's request id.",
    callerStatus: 500,
    type: 'server_error',
    code: 'server_error',
  },
  'bad-gateway': {
    party: 'provider',
    here: true,
    elsewhere: true,
    remedy:
      "Retry: the provider's edge got no usable answer from its own servers; check its status page if it persists.",
    callerStatus: 502,
    type: 'server_error',
    code: 'bad_gateway',
  },
  unavailable: {
    party: 'provider',
    here: true,
    elsewhere: true,
    remedy: 'Retry after a pause or use another provider; check that the service is up and has loaded its model.',
    callerStatus: 503,
    type: 'service_unavailable_error',
    code: 'service_unavailable',
  },
  'gateway-timeout': {
    party: 'provider',
    here: true,
    elsewhere: true,
    remedy: 'Retry once; for long answers stream, use background mode, or ask for fewer tokens.',
    callerStatus: 504,
    type: 'server_error',
    code: 'gateway_timeout',
  },
  timeout: {
    party: 'provider',
    here: true,
    elsewhere: true,
    remedy: 'Retry, or raise the timeout that ran out if the model is known to need longer.',
    callerStatus: 504,
    type: 'server_error',
    code: 'timeout',
  },
  network: {
    party: 'network',
    here: true,
    elsewhere: true,
    remedy: 'Check the way from this machine to the provider: DNS, proxy, firewall, routing.',
    callerStatus: 502,
    type: 'server_error',
    code: 'network_error',
  },
  'partial-response': {
    party: 'provider',
    here: true,
    elsewhere: true,
    remedy:
      'Discard the piece that arrived and retry: the answer was cut before its end; a cut always at the same second is a proxy timeout.',
    callerStatus: 502,
    type: 'server_error',
    code: 'partial_response',
  },
  'malformed-response': {
    party: 'provider',
    here: true,
    elsewhere: true,
    remedy: 'Check the base URL and any proxy between: what answered did not speak the API.',
    callerStatus: 502,
    type: 'server_error',
    code: 'malformed_response',
  },
  cancelled: {
    party: 'caller',
    here: false,
    elsewhere: false,
    remedy: "Nothing to fix if the user left on purpose; otherwise raise the client's timeout.",
    callerStatus: 499,
    type: 'invalid_request_error',
    code: 'request_cancelled',
  },
  'circuit-open': {
    party: 'provider',
    here: false,
    elsewhere: true,
    remedy: 'Wait until the target has recovered, or add another target to the route; recent calls to this one failed.',
    callerStatus: 503,
    type: 'service_unavailable_error',
    code: 'circuit_open',
  },
  'retry-budget': {
    party: 'gateway',
    here: false,
    elsewhere: true,
    remedy: 'Wait and let successes refill the retry budget; find out why so many calls fail before raising it.',
    callerStatus: 503,
    type: 'service_unavailable_error',
    code: 'retry_budget_exhausted',
  },
  'no-target': {
    party: 'gateway',
    here: false,
    elsewhere: false,
    remedy: 'Add a target for this model to the configuration, or check why every target of its route is out.',
    callerStatus: 503,
    type: 'service_unavailable_error',
    code: 'no_target',
  },
  draining: {
    party: 'gateway',
    here: false,
    elsewhere: true,
    remedy: 'Send the call to another replica or again in a few seconds: this one is shutting down.',
    callerStatus: 503,
    type: 'service_unavailable_error',
    code: 'draining',
  },
  'headers-too-large': {
    party: 'caller',
    here: false,
    elsewhere: false,
    remedy: 'Drop oversized headers; in a browser, clear the cookies of the site.',
    callerStatus: 431,
    type: 'invalid_request_error',
    code: 'headers_too_large',
  },
  'slow-caller': {
    party: 'caller',
    here: true,
    elsewhere: false,
    remedy: "Send the whole request faster: check the client's uplink, and send fewer bytes.",
    callerStatus: 408,
    type: 'invalid_request_error',
    code: 'request_timeout',
  },
  internal: {
    party: 'gateway',
    here: false,
    elsewhere: false,
    remedy: 'Report this with the request id: Holdfast itself failed.',
    callerStatus: 500,
    type: 'server_error',
    code: 'internal_error',
  },
};

/** Where a narrower cause changes who has to act, what to do, or whether a retry helps. */
export type DetailFacts = Partial<Pick<KindFacts, 'party' | 'here' | 'elsewhere' | 'remedy'>>;

const TIMEOUTS: Readonly<Partial<Record<FaultDetail, DetailFacts>>> = {
  connect: {
    party: 'network',
    remedy: 'Check firewall, proxy and IPv6 on the way to the provider: no connection came about in time.',
  },
  headers: {
    remedy:
      'Retry or fall back; if this model is known to think long before answering, stream or raise the headers timeout.',
  },
  'first-content': {
    remedy:
      'Retry or fall back; raise the first-content timeout if long reasoning before the first word is normal here.',
  },
  idle: {
    remedy: 'Retry from the start: the answer stalled midway; raise the idle timeout only if such pauses are normal.',
  },
  total: {
    remedy: 'Ask for less output, stream, or raise the total timeout: the whole call took longer than it may.',
  },
};

const NETWORK: Readonly<Partial<Record<FaultDetail, DetailFacts>>> = {
  dns: { remedy: "Check the host name in the base URL and this machine's DNS resolver." },
  refused: { remedy: 'Start the server or correct its host and port (or those of the proxy): nothing listens there.' },
  reset: {
    remedy:
      'Retry: the connection was closed under the call; if it recurs, shorten idle keep-alive and look at firewalls and proxies.',
  },
  tls: {
    here: false,
    remedy:
      "Fix TLS trust: check the clock and the host name, and give Node the proxy's root certificate (NODE_EXTRA_CA_CERTS).",
  },
};

/** Facts that a detail changes for a kind; nothing where the detail is unknown to the kind. */
export function detailFacts(kind: FaultKind, detail: FaultDetail | null): DetailFacts {
  if (detail === null) return {};
  if (kind === 'timeout') return TIMEOUTS[detail] ?? {};
  if (kind === 'network') return NETWORK[detail] ?? {};
  return {};
}

/** What is known of a fault besides its kind; everything left out comes from the table. */
export interface FaultFacts {
  readonly detail?: FaultDetail | null;
  /** Already safe to show: what Holdfast says itself, or what has been through `tellable`. */
  readonly message?: string;
  readonly evidence?: readonly string[];
  readonly afterMs?: number | null;
  readonly status?: number | null;
  readonly party?: Party;
  readonly here?: boolean;
  readonly elsewhere?: boolean;
  readonly remedy?: string;
  readonly type?: string | null;
  readonly code?: string | null;
  readonly param?: string | null;
}

/** Makes a fault of a kind, with what the table says wherever the facts say nothing. */
export function faultOf(kind: FaultKind, facts: FaultFacts = {}): Fault {
  const detail = facts.detail ?? null;
  const base = { ...KINDS[kind], ...detailFacts(kind, detail) };
  return {
    kind,
    detail,
    party: facts.party ?? base.party,
    retry: {
      here: facts.here ?? base.here,
      elsewhere: facts.elsewhere ?? base.elsewhere,
      afterMs: facts.afterMs ?? null,
    },
    remedy: facts.remedy ?? base.remedy,
    message: facts.message ?? MESSAGES[kind],
    evidence: facts.evidence ?? [],
    status: facts.status ?? null,
    type: facts.type ?? null,
    code: facts.code ?? null,
    param: facts.param ?? null,
  };
}

/** What is said of a fault when nobody has said anything better. */
const MESSAGES: Readonly<Record<FaultKind, string>> = {
  authentication: 'The provider did not accept the credentials.',
  permission: 'The provider does not allow this key to do that.',
  region: 'The provider does not serve this region.',
  'not-found': 'The provider does not know the model, deployment or path.',
  'invalid-request': 'The provider refused the request as invalid.',
  'unsupported-parameter': 'The model does not take one of the parameters.',
  'context-length': "The prompt does not fit the model's context window.",
  'output-cap': 'More output tokens were asked for than the model can give.',
  'content-policy': "The provider's safety system refused the content.",
  'payload-too-large': 'The request body is too large.',
  'rate-limit-requests': 'Too many requests in the current window.',
  'rate-limit-tokens': 'Too many tokens in the current window.',
  'too-large-for-limit': 'This one request exceeds the per-minute token limit.',
  'slow-down': 'Traffic to the provider grew too quickly.',
  'quota-exhausted': "The account's credit or spend limit is used up.",
  conflict: 'Another request was changing the same resource.',
  overloaded: 'The provider is overloaded.',
  'server-error': 'The provider failed internally.',
  'bad-gateway': "The provider's edge got no usable answer from its servers.",
  unavailable: 'The provider is temporarily unavailable.',
  'gateway-timeout': 'The provider did not finish in its own time limit.',
  timeout: 'The provider did not answer in time.',
  network: 'The provider could not be reached over the network.',
  'partial-response': 'The answer ended before it was complete.',
  'malformed-response': 'The answer is not what the API promises.',
  cancelled: 'The caller left before the answer was complete.',
  'circuit-open': 'Calls to this target are paused after recent failures.',
  'retry-budget': 'Too many calls to this target are being retried already.',
  'no-target': 'No target can take this call.',
  draining: 'This gateway is shutting down.',
  'headers-too-large': 'The request headers are too large.',
  'slow-caller': 'The request did not arrive in time.',
  internal: 'Holdfast failed to handle the call.',
};
