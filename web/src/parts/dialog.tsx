import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface DialogProps {
  readonly title: string;
  readonly close: () => void;
  /** What to do when it is confirmed; left out: there is nothing to confirm. */
  readonly submit?: () => void;
  readonly children: ComponentChildren;
  readonly actions: ComponentChildren;
}

/** A question before everything else. Escape and a click outside close it, and the focus returns to where it was. */
export function Dialog({ title, close, submit, children, actions }: DialogProps): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => (before instanceof HTMLElement ? before.focus() : undefined);
  }, []);
  const body = (
    <>
      <h2 id={heading}>{title}</h2>
      {children}
      <div class="actions">{actions}</div>
    </>
  );
  return (
    <dialog
      ref={element}
      aria-labelledby={heading}
      onClose={close}
      onClick={(event) => {
        if (event.target === element.current) close();
      }}
    >
      {submit === undefined ? (
        <div class="content">{body}</div>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          {body}
        </form>
      )}
    </dialog>
  );
}
