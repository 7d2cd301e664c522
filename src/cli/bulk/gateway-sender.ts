import { Agent, fetch } from 'undici';
import { parseJson } from '../../engine/parse-json.ts';
import type { Sent } from '../../jobs/bulk/bulk.ts';
import type { BulkRequest } from '../../jobs/bulk/request-line.ts';
import type { Sender } from './line-sender.ts';

/** A gateway waits for a place in the line for so long; then the request comes again. */
const WAIT_S = 600;

/**
 * Sends through a running gateway, as the tenant whose key it is. What it costs, the gateway's records tell.
 *
 * @throws {Error} nobody answers there, or not to this key: else that would be found out once for every request, after long waits
 */
export async function openGatewaySender(baseUrl: string, key: string | null): Promise<Sender> {
  // The gateway's own timers know what they wait for.
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0, connections: null });
  const headers = {
    'content-type': 'application/json',
    'x-holdfast-lane': 'background',
    'x-holdfast-wait': `${WAIT_S}s`,
    ...(key === null ? {} : { authorization: `Bearer ${key}` }),
  };
  await requireGateway(baseUrl, headers, dispatcher);
  return {
    async send({ path, body }: BulkRequest): Promise<Sent> {
      try {
        const response = await fetch(baseUrl + path, { method: 'POST', headers, body, dispatcher });
        const text = await response.text();
        const requestId = response.headers.get('x-request-id') ?? '';
        const fault = response.ok ? null : faultIn(text);
        const answer = { status: response.status, requestId, body: text, fault, cost: null };
        const afterMs = waitOf(response.headers.get('retry-after-ms'), response.headers.get('retry-after'));
        return response.ok || afterMs === null ? { kind: 'done', answer } : { kind: 'later', answer, afterMs };
      } catch (error) {
        const cause = error instanceof Error ? (error.cause ?? error) : error;
        const message = `no answer from the gateway at ${baseUrl}: ${cause instanceof Error ? cause.message : String(cause)}`;
        const answer = {
          status: 502,
          requestId: '',
          body: JSON.stringify({ error: { message } }),
          fault: 'network',
          cost: null,
        };
        return { kind: 'later', answer, afterMs: 1_000 };
      }
    },
    close: () => dispatcher.close(),
  };
}

/** Asks for something that costs nothing and leaves no record. Whoever does not know it is no Holdfast, and may do all the same. */
async function requireGateway(baseUrl: string, headers: Record<string, string>, dispatcher: Agent): Promise<void> {
  let status: number;
  try {
    const response = await fetch(`${baseUrl}/holdfast/count`, { method: 'POST', headers, body: NOTHING, dispatcher });
    ({ status } = response);
    await response.body?.cancel();
  } catch (error) {
    await dispatcher.close();
    throw new Error(`nobody answers at ${baseUrl}; start a gateway (holdfast serve) or say where one is with --url`, {
      cause: error,
    });
  }
  if (status !== 401 && status !== 403) return;
  await dispatcher.close();
  throw new Error(`the gateway at ${baseUrl} does not take this key; name one that it knows with --key env:NAME`);
}

const NOTHING = JSON.stringify({ model: 'gpt-4o', messages: [] });

/** The kind of fault that a gateway tells of; `unknown` where something else has answered. */
function faultIn(text: string): string {
  try {
    const { error } = parseJson(text) as { readonly error?: { readonly holdfast?: { readonly fault?: unknown } } };
    const kind = error?.holdfast?.fault;
    return typeof kind === 'string' ? kind : 'unknown';
  } catch {
    return 'unknown';
  }
}

function waitOf(ms: string | null, seconds: string | null): number | null {
  if (ms !== null && Number(ms) >= 0) return Number(ms);
  return seconds !== null && Number(seconds) >= 0 ? Number(seconds) * 1000 : null;
}
