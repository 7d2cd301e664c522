import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { get, withQuery } from '../api.ts';
import { many } from '../format.ts';
import { listenToCalls } from '../live.ts';
import { CallTable } from '../parts/call-table.tsx';
import { SelectField, TextField } from '../parts/field.tsx';
import { Command, Empty, Panel, Shown } from '../parts/notice.tsx';
import { RangePicker } from '../parts/range-picker.tsx';
import { firstCall } from '../parts/verdict.tsx';
import { query, setQuery } from '../router.ts';
import { useResource } from '../resource.ts';
import { type CallLine, type CallPage, readCalls } from '../shapes/call.ts';
import { Shell } from '../shell.tsx';
import { rangeQuery, timeRange } from '../time-range.ts';
import { FAULT_KINDS } from './fault-kinds.ts';

const OUTCOMES = [
  ['', 'any'],
  ['answered', 'answered'],
  ['failed', 'failed'],
  ['interrupted', 'interrupted'],
  ['cancelled', 'left by the caller'],
  ['retried', 'retried as a job'],
] as const;

/** What a filter is called in the address and in the API alike. */
const FILTERS = ['outcome', 'fault', 'model', 'target', 'tenant', 'key', 'user', 'slower'] as const;

/** Rows that are kept of the tail. */
const TAIL = 200;

/** Calls as they end, and every call there is a record of. */
export function CallsPage(): JSX.Element {
  const range = timeRange.value;
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query(name)]).filter(([, value]) => value !== ''));
  const id = query('id');
  const following = range.kind === 'last' && id === '' && query('tail') !== 'off';
  const asked = withQuery('/calls', {
    ...(id === '' ? rangeQuery(range) : {}),
    ...filter,
    id,
    limit: 100,
    after: query('after'),
  });
  const page = useResource(asked, (signal) => get(asked, readCalls, signal), {
    // What ended just before the page was asked for may not have been written yet: neither what came before the tail began, nor
    // the call whose id somebody has at hand.
    everyMs: following || id !== '' ? 3_000 : null,
  });
  const tail = useTail(following && query('after') === '', filter, asked);
  return (
    <Shell title="Calls" controls={<RangePicker />}>
      <Filters following={following} />
      <Panel title={id === '' ? 'Newest first' : 'Found by id'} aside={<Counted page={page.value} tail={tail} />}>
        <Shown resource={page}>
          {(value) => <Found page={value} tail={tail} filtered={id !== '' || Object.keys(filter).length > 0} />}
        </Shown>
      </Panel>
    </Shell>
  );
}

function Filters({ following }: { readonly following: boolean }): JSX.Element {
  const put = (name: string) => (value: string) => setQuery({ [name]: value, after: null, search: null }, 'replace');
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (query('search') !== '') frame.current?.querySelector('input')?.focus();
  }, []);
  const anything = [...FILTERS, 'id'].some((name) => query(name) !== '');
  const nothing = Object.fromEntries([...FILTERS, 'id', 'after', 'search'].map((name) => [name, null]));
  return (
    <div class="filters" ref={frame} role="search">
      <TextField
        label="Any id"
        type="search"
        value={query('id')}
        change={(value) => put('id')(value.trim())}
        placeholder="ours, the caller's, the provider's, a trace's"
      />
      <SelectField label="Outcome" value={query('outcome')} options={OUTCOMES} change={put('outcome')} />
      <SelectField
        label="Fault"
        value={query('fault')}
        options={[['', 'any'], ...FAULT_KINDS.map((kind) => [kind, kind] as const)]}
        change={put('fault')}
      />
      <TextField label="Model" value={query('model')} change={put('model')} placeholder="any" />
      <TextField label="Tenant" value={query('tenant')} change={put('tenant')} placeholder="any" />
      <div class="row">
        <button aria-pressed={following} onClick={() => setQuery({ tail: following ? 'off' : null, after: null })}>
          {following ? 'Pause' : 'Follow'}
        </button>
        <button disabled={!anything} onClick={() => setQuery(nothing)}>
          Clear
        </button>
      </div>
    </div>
  );
}

/** The calls that ended since the page was opened and match its filter, newest first. */
function useTail(following: boolean, filter: Readonly<Record<string, string>>, asked: string): readonly CallLine[] {
  const tail = useSignal<readonly CallLine[]>([]);
  useEffect(() => {
    tail.value = [];
    // The stream cannot be asked for these.
    if (!following || ['key', 'user', 'slower'].some((name) => filter[name] !== undefined)) return undefined;
    return listenToCalls(filter, (call) => (tail.value = [call, ...tail.value].slice(0, TAIL)));
  }, [following, asked]);
  return tail.value;
}

function Counted({
  page,
  tail,
}: {
  readonly page: CallPage | null;
  readonly tail: readonly CallLine[];
}): JSX.Element | null {
  if (page === null) return null;
  const shown = merged(page, tail).length;
  return (
    <span class="small quiet" role="status">
      {many(shown, 'call')}
      {page.next === null ? '' : ', and more'}
    </span>
  );
}

function Found({
  page,
  tail,
  filtered,
}: {
  readonly page: CallPage;
  readonly tail: readonly CallLine[];
  readonly filtered: boolean;
}): JSX.Element {
  const calls = merged(page, tail);
  if (calls.length === 0) {
    return filtered ? (
      <Empty>No call matches. Widen the time, or clear the filters.</Empty>
    ) : (
      <div class="empty">
        <p>No calls in this time. Send one:</p>
        <Command text={firstCall()} />
      </div>
    );
  }
  return (
    <>
      <CallTable calls={calls} />
      {page.next === null ? null : (
        <div class="inside">
          <button onClick={() => setQuery({ after: page.next })}>Older calls</button>
        </div>
      )}
    </>
  );
}

function merged(page: CallPage, tail: readonly CallLine[]): readonly CallLine[] {
  const known = new Set(page.calls.map(({ id }) => id));
  return [...tail.filter(({ id }) => !known.has(id)), ...page.calls];
}
