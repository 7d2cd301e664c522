import type { JSX } from 'preact';
import { Dialog } from './dialog.tsx';
import { Command, Notice } from './notice.tsx';

/** A key that has just been made: shown this once, because it is stored only as a hash. */
export function MadeSecret({ secret, close }: { readonly secret: string; readonly close: () => void }): JSX.Element {
  const curl = [
    `curl ${location.origin}/v1/chat/completions \\`,
    `  -H 'content-type: application/json' -H 'authorization: Bearer ${secret}' \\`,
    `  -d '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello"}]}'`,
  ].join('\n');
  return (
    <Dialog
      title="The key"
      close={close}
      actions={
        <button class="main-action" onClick={close}>
          I have copied it
        </button>
      }
    >
      <Notice tone="worn">
        It is shown this once. Nobody can look it up later; a lost one is replaced by rotating.
      </Notice>
      <Command text={secret} label="Copy key" />
      <p class="small quiet">Try it:</p>
      <Command text={curl} />
    </Dialog>
  );
}
