import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { TextField } from '../parts/field.tsx';
import { Command, Notice, Trouble } from '../parts/notice.tsx';
import { signIn } from '../session.ts';

/** Where the admin token is asked for. It is sent once, and then forgotten by the page. */
export function SignIn({ ended }: { readonly ended: boolean }): JSX.Element {
  const [token, setToken] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = 'Sign in · Holdfast';
  }, []);
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    await signIn(token).catch((reason: unknown) => {
      setBusy(false);
      setError(reason instanceof ApiError ? reason : new ApiError(0, 'defect', String(reason)));
    });
  };
  return (
    <div class="gate">
      <main>
        <h1>Holdfast</h1>
        {ended ? (
          <Notice tone="worn">Your session has ended. Sign in again; you come back to the same page.</Notice>
        ) : null}
        {error === null ? null : <Trouble error={error} />}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <TextField
            label="Admin token"
            type="password"
            name="token"
            value={token}
            change={setToken}
            placeholder="hf_admin_…"
            required
            autofocus
            hint="The gateway printed one at its first start."
          />
          <button class="main-action" disabled={busy}>
            {busy ? 'Signing in…' : 'Sign in'}
          </button>
        </form>
        <div class="stack tight">
          <p class="small quiet">Lost it? On the gateway's machine, this makes a new one and revokes the others:</p>
          <Command text="holdfast admin reset-token" />
        </div>
      </main>
    </div>
  );
}
