import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { get } from '../api.ts';
import { useChange } from '../change.ts';
import { type Json, flag, number, object, textOrNull } from '../read.ts';
import { Notice, Panel, Trouble } from './notice.tsx';

interface Message {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | null;
  readonly bytes: number;
  readonly truncated: boolean;
}

interface Exchange {
  readonly request: Message;
  readonly reply: Message;
}

/** What was said in a call, where that was kept. It is asked for by hand, because every look is written down. */
export function Said({ id, replay }: { readonly id: string; readonly replay: (body: string) => void }): JSX.Element {
  const [exchange, setExchange] = useState<Exchange | null>(null);
  const { busy, error, run } = useChange();
  const look = (): Promise<boolean> =>
    run(async () => setExchange(await get(`/calls/${encodeURIComponent(id)}/content`, readExchange)));
  return (
    <Panel
      title="What was said"
      aside={
        exchange === null ? (
          <button disabled={busy} onClick={() => void look()}>
            Look
          </button>
        ) : null
      }
    >
      <div class="inside stack">
        {error === null ? null : error.status === 404 ? <Notice>{error.message}</Notice> : <Trouble error={error} />}
        {exchange === null ? (
          error === null ? (
            <p class="quiet">
              Kept only where that is configured, and redacted. That you looked stands in the audit log.
            </p>
          ) : null
        ) : (
          <>
            <Told title="Request" message={exchange.request} />
            {exchange.request.body === null || exchange.request.truncated ? null : (
              <div>
                <button onClick={() => replay(exchange.request.body ?? '')}>Replay with this body</button>
              </div>
            )}
            <Told title="Answer" message={exchange.reply} />
          </>
        )}
      </div>
    </Panel>
  );
}

function Told({
  title,
  message: { headers, body, bytes, truncated },
}: {
  readonly title: string;
  readonly message: Message;
}): JSX.Element {
  return (
    <section class="stack tight" aria-label={title}>
      <h3>{title}</h3>
      <dl class="facts mono">
        {headers.map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
      {body === null ? (
        <p class="quiet">no body was kept</p>
      ) : (
        <pre class="said" tabIndex={0}>
          {pretty(body)}
        </pre>
      )}
      {truncated ? <p class="small worn">Only the beginning of its {bytes} bytes was kept.</p> : null}
    </section>
  );
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function readExchange(answer: Json): Exchange {
  return { request: readMessage(object(answer['request'])), reply: readMessage(object(answer['reply'])) };
}

function readMessage(message: Json): Message {
  const headers = Object.entries(object(message['headers']));
  return {
    headers: headers.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : [])),
    body: textOrNull(message['body']),
    bytes: number(message['bytes']),
    truncated: flag(message['truncated']),
  };
}
