import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { duration } from '../format.ts';
import { callAt } from '../parts/call-table.tsx';
import { Field, SelectField, TextField } from '../parts/field.tsx';
import { Empty, Notice, Panel } from '../parts/notice.tsx';
import { query } from '../router.ts';
import { session } from '../session.ts';
import { Shell } from '../shell.tsx';
import { send, type Try } from './playground-send.ts';

const PATHS = [
  ['/v1/chat/completions', 'Chat Completions'],
  ['/v1/responses', 'Responses'],
  ['/v1/embeddings', 'Embeddings'],
] as const;

/** Kept while the page is open, and nowhere else. */
const key = signal('');

/** Sends a request as an application would, and shows what comes back as it comes. */
export function PlaygroundPage(): JSX.Element {
  const asked = query('path');
  const known = PATHS.find(([path]) => asked !== '' && path.endsWith(asked.replace(/^\/v1/, '')))?.[0];
  const [path, setPath] = useState<string>(known ?? PATHS[0][0]);
  const [model, setModel] = useState(query('model') || 'gpt-4o-mini');
  const [prompt, setPrompt] = useState('Say hello in one short sentence.');
  const [stream, setStream] = useState(query('stream') !== '0');
  const [tried, setTried] = useState<Try | null>(null);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), []);
  const { value } = session;
  const needsKey = value.kind === 'in' && !value.open;
  const busy = tried?.state === 'under way';
  const submit = (): void => {
    leaving.current?.abort();
    const controller = new AbortController();
    leaving.current = controller;
    const streams = stream && path !== '/v1/embeddings';
    void send({ path, model, prompt, stream: streams, key: key.value.trim() }, controller.signal, setTried);
  };
  return (
    <Shell title="Playground">
      {query('path') === '' ? null : (
        <Notice>
          What the call said is not in its record, so the prompt is yours to write; everything else is as it was.
        </Notice>
      )}
      <div class="bench">
        <Panel title="Request">
          <form
            class="inside stack"
            onSubmit={(event) => {
              event.preventDefault();
              submit();
            }}
          >
            <SelectField label="Endpoint" value={path} options={PATHS} change={setPath} />
            <TextField
              label="Model"
              name="model"
              value={model}
              change={setModel}
              required
              hint="With the simulator, gpt-4o@cut:17 cuts the stream at token 17."
            />
            <Field label={path === '/v1/embeddings' ? 'Input' : 'Prompt'}>
              {(attributes) => (
                <textarea
                  {...attributes}
                  rows={5}
                  value={prompt}
                  onInput={(event) => setPrompt(event.currentTarget.value)}
                />
              )}
            </Field>
            <TextField
              label="Key"
              type="password"
              name="key"
              value={key.value}
              change={(text) => (key.value = text)}
              placeholder={needsKey ? 'hf_…' : 'not needed: there is no tenant'}
              hint="Stays in this page's memory, and is gone when it is closed."
            />
            <div class="row spread">
              <label class="check">
                <input
                  type="checkbox"
                  checked={stream}
                  disabled={path === '/v1/embeddings'}
                  onChange={(event) => setStream(event.currentTarget.checked)}
                />
                Stream
              </label>
              <div class="row">
                <button type="button" disabled={!busy} onClick={() => leaving.current?.abort()}>
                  Stop
                </button>
                <button class="main-action" disabled={busy}>
                  {busy ? 'Under way…' : 'Send'}
                </button>
              </div>
            </div>
          </form>
        </Panel>
        <Panel title="Answer" aside={tried === null ? null : <Outcome tried={tried} />}>
          {tried === null ? <Empty>Nothing was sent yet.</Empty> : <Answer tried={tried} />}
        </Panel>
      </div>
    </Shell>
  );
}

function Outcome({ tried: { state, status, firstMs, tookMs } }: { readonly tried: Try }): JSX.Element {
  return (
    <span class="small quiet" role="status">
      {status === null ? '' : `status ${status}, `}
      {firstMs === null ? '' : `first content after ${duration(firstMs)}, `}
      {state === 'under way' ? 'under way' : `${state} after ${duration(tookMs)}`}
    </span>
  );
}

function Answer({ tried: { text, trouble, callId, headers } }: { readonly tried: Try }): JSX.Element {
  return (
    <>
      {trouble === null ? null : (
        <div class="inside">
          <Notice tone="harm">{trouble}</Notice>
        </div>
      )}
      {/* It may grow beyond the window, so it must be reachable by keyboard. */}
      <div class="answer" tabIndex={0} role="group" aria-label="Text of the answer">
        {text}
      </div>
      <div class="inside stack tight">
        {callId === null ? null : (
          <p>
            <a data-page href={callAt(callId)}>
              The whole story of this call
            </a>
          </p>
        )}
        <dl class="facts mono">
          {headers.map(([name, value]) => (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ))}
        </dl>
      </div>
    </>
  );
}
