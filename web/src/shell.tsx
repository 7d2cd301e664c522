import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { helpShown, KEYS, PAGES } from './keyboard.ts';
import { count, rate } from './format.ts';
import { frame, nearness } from './live.ts';
import { Dialog } from './parts/dialog.tsx';
import { href, path } from './router.ts';
import { session, signOut } from './session.ts';
import { theme, toggleTheme } from './theme.ts';

interface ShellProps {
  readonly title: string;
  readonly controls?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** What stands around every page: where one can go, who one is, and how near to what happens. */
export function Shell({ title, controls, children }: ShellProps): JSX.Element {
  useEffect(() => {
    document.title = `${title} · Holdfast`;
  }, [title]);
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <nav class="side" aria-label="Pages">
        <div class="mark">Holdfast</div>
        <ul>
          {PAGES.map(({ path: to, label, key }) => (
            <li key={to}>
              <a data-page href={href(to)} aria-current={isAt(to) ? 'page' : undefined} title={`g ${key}`}>
                {label}
              </a>
            </li>
          ))}
        </ul>
        <Who />
      </nav>
      <div class="main">
        <div class="bar">
          <h1>{title}</h1>
          {controls}
          <Pulse />
          <button
            class="bare"
            onClick={toggleTheme}
            aria-label={theme.value === 'dark' ? 'Light colours' : 'Dark colours'}
          >
            <span aria-hidden="true">{theme.value === 'dark' ? '☀' : '☾'}</span>
          </button>
          <button class="bare" onClick={() => (helpShown.value = true)} aria-label="Keyboard">
            ?
          </button>
        </div>
        <main class="page" id="main" tabIndex={-1}>
          {children}
        </main>
      </div>
      {helpShown.value ? <Keys /> : null}
    </div>
  );
}

function isAt(to: string): boolean {
  return to === '/' ? path.value === '/' : path.value === to || path.value.startsWith(`${to}/`);
}

function Who(): JSX.Element | null {
  const { value } = session;
  if (value.kind !== 'in') return null;
  return (
    <div class="who stack tight">
      <span>
        {value.name} · {value.role}
      </span>
      <span>Holdfast {value.version}</span>
      <button onClick={() => void signOut()}>Sign out</button>
    </div>
  );
}

const PULSES = { waiting: 'connecting', live: 'live', broken: 'not live, reconnecting', resting: 'resting' } as const;

function Pulse(): JSX.Element {
  const state = nearness.value;
  const now = frame.value;
  const told =
    state !== 'live' || now === null ? '' : ` · ${rate(now.calls / now.seconds)}/s, ${count(now.inFlight)} under way`;
  return (
    <span class="pulse" data-state={state}>
      <span role="status">{PULSES[state]}</span>
      {told}
    </span>
  );
}

function Keys(): JSX.Element {
  const close = (): void => {
    helpShown.value = false;
  };
  return (
    <Dialog title="Keyboard" close={close} actions={<button onClick={close}>Close</button>}>
      <dl class="facts">
        {KEYS.map(([keys, what]) => (
          <>
            <dt>
              {keys.map((key) => (
                <>
                  <kbd>{key}</kbd>{' '}
                </>
              ))}
            </dt>
            <dd>{what}</dd>
          </>
        ))}
      </dl>
    </Dialog>
  );
}
