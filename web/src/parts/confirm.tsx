import type { ComponentChildren, JSX } from 'preact';
import { useChange } from '../change.ts';
import { Dialog } from './dialog.tsx';
import { Trouble } from './notice.tsx';

interface ConfirmProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly action: string;
  readonly work: () => Promise<void>;
  readonly close: () => void;
}

/** Asks once more before what cannot be taken back. */
export function Confirm({ title, children, action, work, close }: ConfirmProps): JSX.Element {
  const { busy, error, run } = useChange();
  const submit = async (): Promise<void> => {
    if (await run(work)) close();
  };
  return (
    <Dialog
      title={title}
      close={close}
      submit={() => void submit()}
      actions={
        <>
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button class="harmful" disabled={busy}>
            {action}
          </button>
        </>
      }
    >
      {error === null ? null : <Trouble error={error} />}
      <p>{children}</p>
    </Dialog>
  );
}
