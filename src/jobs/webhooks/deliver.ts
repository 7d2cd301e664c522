import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Agent, request } from 'undici';
import { isPublic, urlFault } from './address.ts';

/** What a delivery came to; `again` false: it need not be tried any more. */
export type Delivery =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'refused'; readonly error: string; readonly again: boolean };

export interface DeliveryRules {
  readonly allowPrivate: boolean;
  readonly timeoutMs: number;
}

interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Sends one message. The name is resolved once, every address that it has is judged, and the connection goes to one of those and
 * nowhere else: a name that leads elsewhere a moment later changes nothing. Redirects are not followed, since nobody has judged
 * where they lead; of the answer only the status counts.
 */
export async function deliver({ url, headers, body }: Message, rules: DeliveryRules): Promise<Delivery> {
  const { allowPrivate, timeoutMs } = rules;
  const wrong = urlFault(url, allowPrivate);
  if (wrong !== null) return { kind: 'refused', error: `the URL ${wrong.wrong}`, again: false };
  const signal = AbortSignal.timeout(timeoutMs);
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
  let addresses: readonly string[];
  try {
    addresses = isIP(host) === 0 ? (await lookup(host, { all: true })).map(({ address }) => address) : [host];
  } catch (error) {
    return { kind: 'refused', error: `the host cannot be found: ${reasonOf(error)}`, again: true };
  }
  const [pinned] = addresses;
  if (pinned === undefined || (!allowPrivate && !addresses.every(isPublic))) {
    return { kind: 'refused', error: 'the host leads to this machine or a private network', again: true };
  }
  const agent = agentFor(pinned, timeoutMs);
  try {
    const answer = await request(url, { method: 'POST', headers, body, signal, dispatcher: agent });
    answer.body.destroy();
    answer.body.on('error', () => undefined);
    return deliveryOf(answer.statusCode);
  } catch (error) {
    return {
      kind: 'refused',
      error: signal.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error),
      again: true,
    };
  } finally {
    await agent.destroy();
  }
}

/** 410 says that nobody listens there any more, as the Standard Webhooks specification has it. */
function deliveryOf(status: number): Delivery {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  return { kind: 'refused', error: `answered ${status}`, again: status !== 410 };
}

/** Connects to this address, whatever name it is asked for; TLS still proves the name. */
function agentFor(address: string, timeoutMs: number): Agent {
  const family = isIP(address);
  return new Agent({
    connections: 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect: {
      timeout: timeoutMs,
      lookup: (_host, options, done) => {
        if (options.all === true) done(null, [{ address, family }]);
        else done(null, address, family);
      },
    },
  });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return code ?? error.message;
}
