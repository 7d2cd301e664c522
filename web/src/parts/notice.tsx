import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../api.ts';
import type { Loaded } from '../resource.ts';

export type Tone = 'harm' | 'worn' | 'well' | 'unknown' | 'plain';

/** Each tone has a shape as well, for those who see no colour. */
const SHAPES: Readonly<Record<Tone, string>> = { harm: '■', worn: '▲', well: '●', unknown: '○', plain: '' };

export function shapeOf(tone: Tone): string {
  return SHAPES[tone];
}

export function Tag({
  tone = 'plain',
  children,
}: {
  readonly tone?: Tone;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <span class="tag" data-tone={tone}>
      {tone === 'plain' ? null : <span aria-hidden="true">{SHAPES[tone]}</span>}
      {children}
    </span>
  );
}

interface NoticeProps {
  readonly tone?: Tone;
  readonly children: ComponentChildren;
  readonly action?: ComponentChildren;
}

export function Notice({ tone = 'plain', children, action }: NoticeProps): JSX.Element {
  return (
    <div class="notice" data-tone={tone} role={tone === 'harm' ? 'alert' : 'status'}>
      <p>{children}</p>
      {action}
    </div>
  );
}

/** What went wrong, in words, and a way to try again. */
export function Trouble({ error, retry }: { readonly error: ApiError; readonly retry?: () => void }): JSX.Element {
  const again = retry === undefined ? null : <button onClick={retry}>Try again</button>;
  return (
    <Notice tone="harm" action={again}>
      <span class="strong">{headline(error)}</span> {error.message}
      {error.requestId === null ? null : <span class="quiet"> (request {error.requestId})</span>}
    </Notice>
  );
}

function headline({ status, code }: ApiError): string {
  if (code === 'unreachable') return 'No connection:';
  if (status === 403) return 'Not allowed:';
  if (status === 404) return 'Not found:';
  if (status === 429) return 'Too many tries:';
  if (status >= 500) return 'The gateway has trouble:';
  return 'That did not work:';
}

interface ShownProps<Value> {
  readonly resource: Loaded<Value>;
  readonly children: (value: Value) => ComponentChildren;
}

/** Shows what was loaded, or that it is on its way, or why it is not there; an answer from before stays beside a failure. */
export function Shown<Value>({ resource, children }: ShownProps<Value>): JSX.Element {
  const { kind, value } = resource;
  return (
    <>
      {kind === 'failed' ? <Trouble error={resource.error} retry={resource.reload} /> : null}
      {kind === 'waiting' ? <Waiting /> : null}
      {value === null ? null : children(value)}
    </>
  );
}

export function Waiting(): JSX.Element {
  return (
    <p class="waiting" role="status">
      Loading…
    </p>
  );
}

/** Nothing there yet: says so, and what to type next. */
export function Empty({
  children,
  command,
}: {
  readonly children: ComponentChildren;
  readonly command?: string;
}): JSX.Element {
  return (
    <div class="empty">
      <p>{children}</p>
      {command === undefined ? null : <Command text={command} />}
    </div>
  );
}

export function Command({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }): JSX.Element {
  return (
    <div class="command">
      {/* It scrolls when it is long, so it must be reachable by keyboard. */}
      <pre tabIndex={0}>{text}</pre>
      <CopyButton text={text} label={label} />
    </div>
  );
}

export function CopyButton({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }): JSX.Element {
  const [said, setSaid] = useState<string | null>(null);
  const copy = async (): Promise<void> => {
    const done = await navigator.clipboard.writeText(text).then(
      () => 'Copied',
      () => 'Select it and copy by hand',
    );
    setSaid(done);
    setTimeout(() => setSaid(null), 2_000);
  };
  return (
    <button type="button" onClick={() => void copy()}>
      <span aria-live="polite">{said ?? label}</span>
    </button>
  );
}

interface PanelProps {
  readonly title: string;
  readonly aside?: ComponentChildren;
  /** One of several that are looked through by their titles. */
  readonly group?: boolean;
  readonly children: ComponentChildren;
}

export function Panel({ title, aside, group = false, children }: PanelProps): JSX.Element {
  return (
    <section class={group ? 'panel group' : 'panel'} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
