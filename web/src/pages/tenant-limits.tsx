import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ask, get } from '../api.ts';
import { useChange } from '../change.ts';
import { Dialog } from '../parts/dialog.tsx';
import { TextField, wrongWith } from '../parts/field.tsx';
import { LimitFields, limitsFrom, type WrittenLimits, writtenLimits } from '../parts/limit-fields.tsx';
import { Shown, Trouble } from '../parts/notice.tsx';
import { useResource } from '../resource.ts';
import { readTenant, type Tenant } from '../shapes/tenancy.ts';

interface Props {
  readonly id: string;
  readonly close: () => void;
  readonly done: () => void;
}

/** Changes what a tenant may take. The limits are asked for anew: they are replaced as a whole, others' changes with them. */
export function TenantLimits(props: Props): JSX.Element {
  const at = `/tenants/${encodeURIComponent(props.id)}`;
  const tenant = useResource(`${at} limits`, (signal) => get(at, readTenant, signal));
  if (tenant.value !== null) return <LimitsForm {...props} tenant={tenant.value} />;
  return (
    <Dialog
      title={`Limits of ${props.id}`}
      close={props.close}
      actions={
        <button type="button" onClick={props.close}>
          Cancel
        </button>
      }
    >
      <Shown resource={tenant}>{() => null}</Shown>
    </Dialog>
  );
}

function LimitsForm({ id, tenant, close, done }: Props & { readonly tenant: Tenant }): JSX.Element {
  const [written, setWritten] = useState<WrittenLimits>(() => writtenLimits(tenant.limits));
  const [weight, setWeight] = useState(tenant.weight === null ? '' : String(tenant.weight));
  const { busy, error, run } = useChange();
  const submit = async (): Promise<void> => {
    const body = { limits: limitsFrom(written), weight: weight === '' ? null : Number(weight) };
    const changed = await run(async () => {
      await ask('PATCH', `/tenants/${encodeURIComponent(id)}`, readTenant, { body });
    });
    if (changed) done();
  };
  return (
    <Dialog
      title={`Limits of ${id}`}
      close={close}
      submit={() => void submit()}
      actions={
        <>
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button class="main-action" disabled={busy}>
            Save
          </button>
        </>
      }
    >
      {error === null ? null : <Trouble error={error} />}
      <p class="quiet">Left empty, nothing is limited. What is saved holds for the next call.</p>
      <div class="limit-fields">
        <LimitFields written={written} change={setWritten} error={error} />
        <TextField
          label="Share of a scarce target"
          type="number"
          name="weight"
          value={weight}
          change={setWeight}
          placeholder="1"
          hint="Relative to the other tenants'."
          wrong={wrongWith(error, 'weight')}
        />
      </div>
    </Dialog>
  );
}
