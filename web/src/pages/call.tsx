import type { JSX } from 'preact';
import { get } from '../api.ts';
import { count, duration, exact, money } from '../format.ts';
import { OutcomeTag } from '../parts/call-table.tsx';
import { CopyButton, Notice, Panel, Shown } from '../parts/notice.tsx';
import { Said } from '../parts/said.tsx';
import { Waterfall } from '../parts/waterfall.tsx';
import { useResource } from '../resource.ts';
import { go, href } from '../router.ts';
import { replayed } from './playground-send.ts';
import { may } from '../session.ts';
import { readWholeCall, type WholeCall } from '../shapes/call.ts';
import { Shell } from '../shell.tsx';

/** One call: what became of it, its attempts over time, and what to do about what went wrong. */
export function CallPage({ id }: { readonly id: string }): JSX.Element {
  const at = `/calls/${encodeURIComponent(id)}`;
  // A call is told live as it ends, and written down a moment later: a link may be faster.
  const call = useResource(at, (signal) => get(at, readWholeCall, signal), { dueSoon: true });
  return (
    <Shell
      title="Call"
      controls={
        <a data-page class="button" href={href('/calls')}>
          All calls
        </a>
      }
    >
      <Shown resource={call}>{(value) => <Whole call={value} />}</Shown>
    </Shell>
  );
}

function Whole({ call }: { readonly call: WholeCall }): JSX.Element {
  const { fault, attempts } = call;
  const told = fault ?? attempts.findLast((attempt) => attempt.fault !== null)?.fault ?? null;
  return (
    <>
      <div class="row spread">
        <div class="row">
          <span class="mono strong">{call.id}</span>
          <OutcomeTag outcome={call.outcome} fault={call.faultKind} />
          <span class="quiet">
            {attempts.length === 1 ? '1 attempt' : `${attempts.length} attempts`}, {duration(call.durationMs)}
          </span>
        </div>
        <div class="row">
          <CopyButton text={asCurl(call)} label="Copy as curl" />
          {may('operator') ? <button onClick={() => replay(call, null)}>Replay</button> : null}
        </div>
      </div>
      {told === null ? null : (
        <Notice tone={fault === null ? 'worn' : 'harm'}>
          <span class="strong">
            {told.kind}
            {told.detail === null ? '' : ` (${told.detail})`}
          </span>
          , {told.party} at fault{fault === null ? ', and answered all the same' : ''}: {told.message}
          <br />
          <span class="strong">What to do:</span> {told.remedy}
        </Notice>
      )}
      <Panel title="Attempts">
        <div class="inside">
          <Waterfall call={call} />
        </div>
      </Panel>
      <div class="two">
        <Panel title="Call">
          <div class="inside">
            <Facts facts={factsOf(call)} />
          </div>
        </Panel>
        <Panel title="Headers and ids">
          <div class="inside">
            <Facts facts={headersOf(call)} mono />
          </div>
        </Panel>
      </div>
      {may('admin') ? <Said id={call.id} replay={(body) => replay(call, body)} /> : null}
    </>
  );
}

/** Opens the playground with the request as it was, as far as that is known. */
function replay({ model, path, stream }: WholeCall, body: string | null): void {
  replayed.value = body;
  go(href('/playground', { model, path, stream: stream ? '1' : '0' }));
}

type Fact = readonly [name: string, value: string | null];

function Facts({ facts, mono = false }: { readonly facts: readonly Fact[]; readonly mono?: boolean }): JSX.Element {
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== null)
        .map(([name, value]) => (
          <>
            <dt class={mono ? 'mono' : ''}>{name}</dt>
            <dd class={mono ? 'mono' : ''}>{value}</dd>
          </>
        ))}
    </dl>
  );
}

function factsOf(call: WholeCall): readonly Fact[] {
  const part = (value: number | null, what: string): string => (value ? ` (${count(value)} ${what})` : '');
  const tokens = `${count(call.inputTokens)} in${part(call.cachedTokens, 'cached')}, ${count(call.outputTokens)} out${part(call.reasoningTokens, 'reasoning')}`;
  return [
    ['arrived', exact(call.at)],
    ['request', `${call.method} ${call.path}${call.stream ? ', stream' : ''}`],
    ['model', call.model],
    [
      'served by',
      call.target === null ? null : `${call.target}${call.servedModel === null ? '' : `, ${call.servedModel}`}`,
    ],
    ['route', call.route],
    ['tenant', call.tenant],
    ['workload', call.workload],
    ['user', call.endUser],
    ['key', call.keyId],
    ['lane', call.lane],
    [
      'took',
      `${duration(call.durationMs)}, first content after ${duration(call.firstContentMs)}, Holdfast itself ${duration(call.overheadMs)}`,
    ],
    ['tokens', call.inputTokens === null && call.outputTokens === null ? null : tokens],
    ['cost', call.cost === null ? null : money(call.cost)],
    ['caller', call.callerRetries === 0 ? null : `its SDK had retried ${call.callerRetries} times before`],
    ['notes', call.notes.length === 0 ? null : call.notes.join('; ')],
  ];
}

/** The headers that came back with the answer, as far as the record tells them. */
function headersOf(call: WholeCall): readonly Fact[] {
  return [
    ['status', String(call.status)],
    ['x-request-id', call.id],
    ['x-upstream-request-id', call.upstreamId],
    ['x-holdfast-attempts', String(call.attempts.length)],
    ['x-holdfast-target', call.target],
    ['x-holdfast-overhead-ms', call.overheadMs === null ? null : call.overheadMs.toFixed(1)],
    ['x-client-request-id', call.callerId],
    ['trace id', call.traceId],
  ];
}

/** The same request again. What it said is not in the record, so a stand-in is. */
function asCurl({ path, model, stream, method }: WholeCall): string {
  const url = location.origin + (path.startsWith('/v1') ? path : `/v1${path}`);
  if (method === 'GET') return `curl ${quoted(url)} -H 'authorization: Bearer hf_…'`;
  const body = path.includes('chat/completions')
    ? { model, stream, messages: [{ role: 'user', content: 'Hello' }] }
    : { model, ...(stream ? { stream } : {}), input: 'Hello' };
  return [
    `curl ${quoted(url)} \\`,
    `  -H 'content-type: application/json' -H 'authorization: Bearer hf_…' \\`,
    `  -d ${quoted(JSON.stringify(body))}`,
  ].join('\n');
}

/** For a shell: a model's name is whatever a caller wrote. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
