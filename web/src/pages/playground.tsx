import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { callerKey } from '../caller-key.ts';
import { duration } from '../format.ts';
import { callAt } from '../parts/call-table.tsx';
import { Field, SelectField, TextField } from '../parts/field.tsx';
import { Empty, Notice, Panel } from '../parts/notice.tsx';
import { query } from '../router.ts';
import { session } from '../session.ts';
import { Shell } from '../shell.tsx';
import { type Asked, bodyOf, replayed, send, type Try } from './playground-send.ts';

const PATHS = [
  ['/v1/chat/completions', 'Chat Completions'],
  ['/v1/responses', 'Responses'],
  ['/v1/embeddings', 'Embeddings'],
] as const;

/** Sends a request as an application would, and shows what comes back as it comes. */
export function PlaygroundPage(): JSX.Element {
  const from = query('path');
  const known = PATHS.find(([one]) => from !== '' && one.endsWith(from.replace(/^\/v1/, '')))?.[0];
  const [path, setPath] = useState<string>(known ?? PATHS[0][0]);
  const [asked, setAsked] = useState<Asked>({
    model: query('model') || 'gpt-4o-mini',
    prompt: 'Say hello in one short sentence.',
    stream: query('stream') !== '0',
  });
  // null: the body is put together from the fields.
  const [written, setWritten] = useState<string | null>(replayed.value);
  const embeds = path === '/v1/embeddings';
  const [tried, setTried] = useState<Try | null>(null);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => {
    replayed.value = null;
    return () => leaving.current?.abort();
  }, []);
  const { value } = session;
  const needsKey = value.kind === 'in' && !value.open;
  const busy = tried?.state === 'under way';
  const submit = (): void => {
    leaving.current?.abort();
    const controller = new AbortController();
    leaving.current = controller;
    const body = written ?? JSON.stringify(bodyOf(path, asked));
    void send({ path, body }, controller.signal, setTried);
  };
  return (
    <Shell title="Playground">
      {from === '' || written !== null ? null : (
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
            {written === null ? (
              <Simple asked={asked} change={setAsked} embeds={embeds} />
            ) : (
              <Field label="Body, as JSON" wrong={broken(written)}>
                {(attributes) => (
                  <textarea
                    {...attributes}
                    class="mono"
                    rows={16}
                    spellcheck={false}
                    value={written}
                    onInput={(event) => setWritten(event.currentTarget.value)}
                  />
                )}
              </Field>
            )}
            <TextField
              label="Key"
              type="password"
              name="key"
              value={callerKey.value}
              change={(text) => (callerKey.value = text)}
              placeholder={needsKey ? 'hf_…' : 'not needed: there is no tenant'}
              hint="Stays in this page's memory, and is gone when it is closed."
            />
            <div class="row spread">
              {written === null ? (
                <label class="check">
                  <input
                    type="checkbox"
                    checked={asked.stream}
                    disabled={embeds}
                    onChange={(event) => setAsked({ ...asked, stream: event.currentTarget.checked })}
                  />
                  Stream
                </label>
              ) : null}
              <button
                type="button"
                onClick={() => setWritten(written === null ? JSON.stringify(bodyOf(path, asked), null, 2) : null)}
              >
                {written === null ? 'Write the body as JSON' : 'Back to the fields'}
              </button>
              <div class="row">
                <button type="button" disabled={!busy} onClick={() => leaving.current?.abort()}>
                  Stop
                </button>
                <button class="main-action" disabled={busy || (written !== null && broken(written) !== undefined)}>
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

interface SimpleProps {
  readonly asked: Asked;
  readonly change: (asked: Asked) => void;
  readonly embeds: boolean;
}

/** The smallest request there is. */
function Simple({ asked, change, embeds }: SimpleProps): JSX.Element {
  return (
    <>
      <TextField
        label="Model"
        name="model"
        value={asked.model}
        change={(model) => change({ ...asked, model })}
        required
        hint="With the simulator, gpt-4o@cut:17 cuts the stream at token 17."
      />
      <Field label={embeds ? 'Input' : 'Prompt'}>
        {(attributes) => (
          <textarea
            {...attributes}
            rows={5}
            value={asked.prompt}
            onInput={(event) => change({ ...asked, prompt: event.currentTarget.value })}
          />
        )}
      </Field>
    </>
  );
}

function broken(body: string): string | undefined {
  try {
    JSON.parse(body);
    return undefined;
  } catch (error) {
    return `This is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
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
