import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ask, get, withQuery } from '../api.ts';
import { useChange } from '../change.ts';
import { count, money } from '../format.ts';
import { Dialog } from '../parts/dialog.tsx';
import { TextField, wrongWith } from '../parts/field.tsx';
import { FIRST_LIMITS, LimitFields, limitsFrom, type WrittenLimits } from '../parts/limit-fields.tsx';
import { Empty, Notice, Panel, Shown, Tag, Trouble } from '../parts/notice.tsx';
import { RangePicker } from '../parts/range-picker.tsx';
import { nameOf, shareOf, UseMeter } from '../parts/use-meters.tsx';
import { QueueWords, useQueue, WaitingNow } from '../parts/waiting.tsx';
import { useResource } from '../resource.ts';
import { go, href } from '../router.ts';
import { findSession, may } from '../session.ts';
import { type Costs, readCosts } from '../shapes/cost.ts';
import type { Queue } from '../shapes/queue.ts';
import { readTenant, readTenants, readUses, type Tenant } from '../shapes/tenancy.ts';
import { Shell } from '../shell.tsx';
import { rangeQuery, timeRange } from '../time-range.ts';

/** Who may call, what they may take, and what they took. */
export function TenantsPage(): JSX.Element {
  const [making, setMaking] = useState(false);
  const tenants = useResource('/tenants', (signal) => get('/tenants?limit=500', readTenants, signal), {
    everyMs: 30_000,
  });
  const asked = withQuery('/costs', { ...rangeQuery(timeRange.value), by: 'tenant' });
  const costs = useResource(asked, (signal) => get(asked, readCosts, signal), { everyMs: 30_000 });
  const queue = useQueue();
  return (
    <Shell title="Tenants" controls={<RangePicker />}>
      <Panel
        title="Tenants"
        aside={
          <span class="row">
            <QueueWords queue={queue.value} />
            {may('operator') ? (
              <button class="main-action" onClick={() => setMaking(true)}>
                Create a tenant
              </button>
            ) : null}
          </span>
        }
      >
        <Shown resource={tenants}>
          {(value) => <TenantTable tenants={value} costs={costs.value} queue={queue.value} />}
        </Shown>
      </Panel>
      {making ? <NewTenant close={() => setMaking(false)} /> : null}
    </Shell>
  );
}

function TenantTable({
  tenants,
  costs,
  queue,
}: {
  readonly tenants: readonly Tenant[];
  readonly costs: Costs | null;
  readonly queue: Queue | null;
}): JSX.Element {
  if (tenants.length === 0) {
    return (
      <Empty
        command={
          'holdfast tenants create shop --limit requestsPerMinute=600 --limit budgetPerMonth=500\nholdfast keys create shop'
        }
      >
        There is no tenant, so the gateway is open to every program of its machine. The first tenant ends that: from
        then on every call needs a key.
      </Empty>
    );
  }
  return (
    <div class="table-frame" tabIndex={0} role="group" aria-label="Tenants">
      <table>
        <thead>
          <tr>
            <th>Tenant</th>
            <th>Organisation</th>
            <th>Nearest limit</th>
            <th class="right">Waiting now</th>
            <th class="right">Calls</th>
            <th class="right">Cost</th>
            <th class="right">For nothing</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {tenants.map((tenant) => (
            <TenantRow key={tenant.id} tenant={tenant} costs={costs} queue={queue} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TenantRow({
  tenant: { id, name, organisation, declared },
  costs,
  queue,
}: {
  readonly tenant: Tenant;
  readonly costs: Costs | null;
  readonly queue: Queue | null;
}): JSX.Element {
  const use = useResource(`use ${id}`, (signal) => get(`/tenants/${encodeURIComponent(id)}/use`, readUses, signal), {
    everyMs: 15_000,
  });
  const own = (use.value ?? []).filter(({ level }) => level === 'tenant' || level === 'organisation');
  const [nearest] = own.toSorted((one, other) => shareOf(other) - shareOf(one));
  const row = costs?.rows.find((one) => one.id === id);
  return (
    <tr>
      <td>
        <a data-page data-row class="strong" href={href(`/tenants/${encodeURIComponent(id)}`)}>
          {id}
        </a>
        {name === id ? null : <span class="under">{name}</span>}
      </td>
      <td>{organisation}</td>
      <td>
        {nearest === undefined ? (
          <span class="quiet">{use.value === null ? '' : 'no limit'}</span>
        ) : (
          <>
            <UseMeter use={nearest} />
            <span class="under">{nameOf(nearest)}</span>
          </>
        )}
      </td>
      <td class="right">
        <WaitingNow queue={queue} tenant={id} />
      </td>
      <td class="right">{costs === null ? '–' : count(row?.calls ?? 0)}</td>
      <td class="right">{costs === null ? '–' : money(row?.cost ?? 0)}</td>
      <td class="right">{costs === null ? '–' : money(row?.waste ?? 0)}</td>
      <td class="right">{declared ? <Tag>in the file</Tag> : null}</td>
    </tr>
  );
}

function NewTenant({ close }: { readonly close: () => void }): JSX.Element {
  const [id, setId] = useState('');
  const [name, setName] = useState('');
  const [limits, setLimits] = useState<WrittenLimits>({});
  const { busy, error, run } = useChange();
  const submit = async (): Promise<void> => {
    const body = { id, ...(name === '' ? {} : { name }), limits: limitsFrom(limits) };
    const made = await run(async () => {
      await ask('POST', '/tenants', readTenant, { body });
    });
    if (!made) return;
    // The first tenant closes the gateway to calls without a key.
    void findSession();
    go(href(`/tenants/${encodeURIComponent(id)}`));
  };
  return (
    <Dialog
      title="Create a tenant"
      close={close}
      submit={() => void submit()}
      actions={
        <>
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button class="main-action" disabled={busy}>
            Create
          </button>
        </>
      }
    >
      {error === null ? null : <Trouble error={error} />}
      <TextField
        label="Id"
        name="id"
        value={id}
        change={setId}
        required
        autofocus
        hint="Letters, digits, - and _; for good."
        wrong={wrongWith(error, 'id')}
      />
      <TextField
        label="Name"
        name="name"
        value={name}
        change={setName}
        placeholder={id}
        wrong={wrongWith(error, 'name')}
      />
      <LimitFields written={limits} change={setLimits} error={error} only={FIRST_LIMITS} />
      <Notice>From the first tenant on, every call needs a key.</Notice>
    </Dialog>
  );
}
