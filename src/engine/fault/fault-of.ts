import type { Fault, FaultDetail, FaultKind, Party } from './fault.ts';
import { type KindFacts, KINDS } from './kinds.ts';

/** Where a narrower cause changes who has to act, what to do, or whether a retry helps. */
type DetailFacts = Partial<Pick<KindFacts, 'party' | 'here' | 'elsewhere' | 'remedy'>>;

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
function detailFacts(kind: FaultKind, detail: FaultDetail | null): DetailFacts {
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
    message: facts.message ?? base.message,
    evidence: facts.evidence ?? [],
    status: facts.status ?? null,
    type: facts.type ?? null,
    code: facts.code ?? null,
    param: facts.param ?? null,
  };
}
