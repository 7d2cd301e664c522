import type { Redactor } from '../redact/redactor.ts';
import type { KeptExchange, KeptMessage, SeenExchange, SeenMessage } from './exchange.ts';

/** Takes secrets and personal details out of an exchange; what is valid JSON, or a stream of events, stays so. */
export function redactExchange(seen: SeenExchange, redactor: Redactor): KeptExchange {
  const { call, at, route, tenant, request, reply } = seen;
  return {
    call,
    at,
    route,
    tenant,
    request: { ...redactMessage(request, redactor), method: request.method, path: redactor.text(request.path) },
    reply: { ...redactMessage(reply, redactor), status: reply.status },
  };
}

function redactMessage({ headers, body, bytes }: SeenMessage, redactor: Redactor): KeptMessage {
  const present = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, typeof value === 'string' ? value : value.join(', ')]],
  );
  return {
    headers: redactor.headers(Object.fromEntries(present)),
    body: body === null ? null : redactor.jsonText(Buffer.from(body).toString('utf8')),
    bytes,
    truncated: body !== null && body.length < bytes,
  };
}
