import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ask, get, withQuery } from '../api.ts';
import { useChange } from '../change.ts';
import { ago, count, day, exact, many, money } from '../format.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { SelectField, TextField, wrongWith } from '../parts/field.tsx';
import { Empty, Panel, Shown, Tag, type Tone, Trouble } from '../parts/notice.tsx';
import { RangePicker } from '../parts/range-picker.tsx';
import { MadeSecret } from '../parts/secret.tsx';
import { UseTable } from '../parts/use-meters.tsx';
import { useQueue, whatFor } from '../parts/waiting.tsx';
import { useResource } from '../resource.ts';
import { href } from '../router.ts';
import { may } from '../session.ts';
import { readCosts } from '../shapes/cost.ts';
import type { Waiting } from '../shapes/queue.ts';
import { type Key, readKeys, readMadeKey, readTenant, readUses, type Tenant } from '../shapes/tenancy.ts';
import { Shell } from '../shell.tsx';
import { TenantLimits } from './tenant-limits.tsx';
import { rangeQuery, timeRange } from '../time-range.ts';

/** What is asked before something is done to a key. */
type Asked = { readonly kind: 'create' | 'limits' } | { readonly kind: 'rotate' | 'revoke'; readonly key: Key } | null;

/** One tenant: its use, its keys, what it cost. */
export function TenantPage({ id }: { readonly id: string }): JSX.Element {
  const at = `/tenants/${encodeURIComponent(id)}`;
  const range = timeRange.value;
  const [asked, setAsked] = useState<Asked>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const tenant = useResource(at, (signal) => get(at, readTenant, signal));
  const use = useResource(`${at}/use`, (signal) => get(`${at}/use`, readUses, signal), { everyMs: 2_000 });
  const keysAt = withQuery('/keys', { tenant: id, limit: 200 });
  const keys = useResource(keysAt, (signal) => get(keysAt, readKeys, signal), { everyMs: 15_000 });
  const costsAt = withQuery('/costs', { ...rangeQuery(range), by: 'model', tenant: id });
  const costs = useResource(costsAt, (signal) => get(costsAt, readCosts, signal), { everyMs: 30_000 });
  const waiting = useQueue().value?.tenants.find((one) => one.tenant === id) ?? null;
  const close = (): void => setAsked(null);
  const made = (text: string): void => {
    setAsked(null);
    setSecret(text);
    keys.reload();
  };
  return (
    <Shell title={`Tenant ${id}`} controls={<RangePicker />}>
      <Shown resource={tenant}>{(value) => <About tenant={value} waiting={waiting} />}</Shown>
      <Panel
        title="Use against limits"
        aside={
          <span class="row">
            <span class="small quiet">now, as this gateway knows it</span>
            {may('operator') && tenant.value?.declared === false ? (
              <button onClick={() => setAsked({ kind: 'limits' })}>Change limits</button>
            ) : null}
          </span>
        }
      >
        <Shown resource={use}>
          {(uses) => (uses.length === 0 ? <Empty>It has no limit.</Empty> : <UseTable uses={uses} />)}
        </Shown>
      </Panel>
      <Panel
        title="Keys"
        aside={
          may('operator') ? (
            <button class="main-action" onClick={() => setAsked({ kind: 'create' })}>
              Create a key
            </button>
          ) : null
        }
      >
        <Shown resource={keys}>
          {(value) =>
            value.length === 0 ? (
              <Empty command={`holdfast keys create ${id}`}>It has no key yet, so it cannot call.</Empty>
            ) : (
              <Keys keys={value} ask={setAsked} />
            )
          }
        </Shown>
      </Panel>
      <Panel title="Cost by model" aside={<span class="small quiet">{range.words}</span>}>
        <Shown resource={costs}>
          {({ rows }) =>
            rows.length === 0 ? (
              <Empty>No calls in this time.</Empty>
            ) : (
              <div class="table-frame" tabIndex={0} role="group" aria-label="Cost by model">
                <table>
                  <thead>
                    <tr>
                      <th>Model</th>
                      <th class="right">Calls</th>
                      <th class="right">Tokens</th>
                      <th class="right">Cost</th>
                      <th class="right">For nothing</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((row) => (
                      <tr key={row.id ?? ''}>
                        <td>
                          <a data-page href={href('/calls', { tenant: id, model: row.id })}>
                            {row.id ?? 'none'}
                          </a>
                        </td>
                        <td class="right">{count(row.calls)}</td>
                        <td class="right">{count(row.inputTokens + row.outputTokens)}</td>
                        <td class="right">{row.unpriced === row.calls ? 'no price' : money(row.cost)}</td>
                        <td class="right">{money(row.waste)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )
          }
        </Shown>
      </Panel>
      {asked?.kind === 'limits' ? (
        <TenantLimits
          id={id}
          close={close}
          done={() => {
            setAsked(null);
            tenant.reload();
            use.reload();
          }}
        />
      ) : null}
      {asked?.kind === 'create' ? <NewKey tenant={id} made={made} close={close} /> : null}
      {asked?.kind === 'rotate' ? <Rotate target={asked.key} made={made} close={close} /> : null}
      {asked?.kind === 'revoke' ? <Revoke target={asked.key} close={close} done={keys.reload} /> : null}
      {secret === null ? null : <MadeSecret secret={secret} close={() => setSecret(null)} />}
    </Shell>
  );
}

function About({
  tenant: { id, name, organisation, createdAt, declared, lane, weight },
  waiting,
}: {
  readonly tenant: Tenant;
  /** null: none of its calls. */
  readonly waiting: Waiting | null;
}): JSX.Element {
  return (
    <div class="row spread">
      <div class="row">
        <span class="strong">{name}</span>
        <span class="quiet">
          of {organisation}, since {day(createdAt)}
          {lane === null ? '' : `, ${lane} lane`}
          {weight === null ? '' : `, weight ${weight}`}
        </span>
        {declared ? <Tag>in the configuration file</Tag> : null}
        {waiting === null ? null : (
          <Tag tone="worn">
            {many(waiting.waiting, 'call')} waiting: {whatFor(waiting)}
          </Tag>
        )}
      </div>
      <div class="row">
        <a data-page class="button" href={href('/', { tenant: id })}>
          Its overview
        </a>
        <a data-page class="button" href={href('/calls', { tenant: id })}>
          Its calls
        </a>
      </div>
    </div>
  );
}

const KEY_TONES: Readonly<Record<Key['status'], Tone>> = { working: 'plain', expired: 'worn', revoked: 'unknown' };

function Keys({ keys, ask }: { readonly keys: readonly Key[]; readonly ask: (asked: Asked) => void }): JSX.Element {
  return (
    <div class="table-frame" tabIndex={0} role="group" aria-label="Keys">
      <table>
        <thead>
          <tr>
            <th>Key</th>
            <th>Begins</th>
            <th>Status</th>
            <th>Models</th>
            <th>Created</th>
            <th>Last used</th>
            <th>Expires</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.id}>
              <td>
                <a data-page data-row class="mono" href={href('/calls', { key: key.id })}>
                  {key.id}
                </a>
                {key.name === '' || key.name === key.id ? null : <span class="under">{key.name}</span>}
              </td>
              <td class="mono">{key.secrets.map(({ prefix }) => prefix).join(', ')}</td>
              <td>
                <Tag tone={KEY_TONES[key.status]}>{key.status}</Tag>
              </td>
              <td>{key.models === null ? <span class="quiet">any</span> : key.models.join(', ')}</td>
              <td class="still">{day(key.createdAt)}</td>
              <td class="still">{ago(key.usedAt)}</td>
              <td class="still">{key.expiresAt === null ? <span class="quiet">never</span> : exact(key.expiresAt)}</td>
              <td class="right">
                {may('operator') && key.status !== 'revoked' ? (
                  <span class="row" style={{ justifyContent: 'flex-end', flexWrap: 'nowrap' }}>
                    <button onClick={() => ask({ kind: 'rotate', key })}>Rotate</button>
                    <button class="harmful" onClick={() => ask({ kind: 'revoke', key })}>
                      Revoke
                    </button>
                  </span>
                ) : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface MakeProps {
  readonly made: (secret: string) => void;
  readonly close: () => void;
}

function NewKey({ tenant, made, close }: MakeProps & { readonly tenant: string }): JSX.Element {
  const [name, setName] = useState('');
  const [models, setModels] = useState('');
  const { busy, error, run } = useChange();
  const submit = async (): Promise<void> => {
    const globs = models.split(/[\s,]+/).filter((glob) => glob !== '');
    const body = { tenant, ...(name === '' ? {} : { name }), ...(globs.length === 0 ? {} : { models: globs }) };
    await run(async () => made((await ask('POST', '/keys', readMadeKey, { body })).secret));
  };
  return (
    <Dialog
      title="Create a key"
      close={close}
      submit={() => void submit()}
      actions={<Choices close={close} action="Create" busy={busy} />}
    >
      {error === null ? null : <Trouble error={error} />}
      <TextField
        label="Name"
        name="name"
        value={name}
        change={setName}
        autofocus
        hint="What it is for, for people."
        wrong={wrongWith(error, 'name')}
      />
      <TextField
        label="Models"
        name="models"
        value={models}
        change={setModels}
        placeholder="any"
        hint="Globs such as gpt-4o*, apart by commas."
        wrong={wrongWith(error, 'models')}
      />
    </Dialog>
  );
}

const GRACES = [
  ['0', 'at once'],
  ['3600', 'after an hour'],
  ['86400', 'after a day'],
  ['604800', 'after a week'],
] as const;

function Rotate({ target, made, close }: MakeProps & { readonly target: Key }): JSX.Element {
  const [grace, setGrace] = useState('86400');
  const { busy, error, run } = useChange();
  const submit = (): Promise<boolean> =>
    run(async () => {
      const body = { graceSeconds: Number(grace) };
      made((await ask('POST', `/keys/${encodeURIComponent(target.id)}/rotate`, readMadeKey, { body })).secret);
    });
  return (
    <Dialog
      title={`Rotate ${target.id}`}
      close={close}
      submit={() => void submit()}
      actions={<Choices close={close} action="Rotate" busy={busy} />}
    >
      {error === null ? null : <Trouble error={error} />}
      <p>It gets a new secret. The one in force works on for a while, so that callers can change over.</p>
      <SelectField label="The old secret ends" value={grace} options={GRACES} change={setGrace} />
    </Dialog>
  );
}

function Revoke({
  target,
  close,
  done,
}: {
  readonly target: Key;
  readonly close: () => void;
  readonly done: () => void;
}): JSX.Element {
  const work = async (): Promise<void> => {
    await ask('POST', `/keys/${encodeURIComponent(target.id)}/revoke`, () => null);
    done();
  };
  return (
    <Confirm title={`Revoke ${target.id}?`} action="Revoke" work={work} close={close}>
      Calls that use it are refused from this moment on, and it cannot be brought back. It was last used{' '}
      {ago(target.usedAt)}.
    </Confirm>
  );
}

function Choices({
  close,
  action,
  busy,
}: {
  readonly close: () => void;
  readonly action: string;
  readonly busy: boolean;
}): JSX.Element {
  return (
    <>
      <button type="button" onClick={close}>
        Cancel
      </button>
      <button class="main-action" disabled={busy}>
        {action}
      </button>
    </>
  );
}
