import { computed, type ReadonlySignal, signal } from '@preact/signals';

/** What the address bar says. Everything that a page shows can be found from it, so that a link can be sent to somebody. */
interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

const place = signal(here());

export const path: ReadonlySignal<string> = computed(() => place.value.path);

/** The parts of the path, decoded: `/calls/hf-1` is `['calls', 'hf-1']`. */
export const parts: ReadonlySignal<readonly string[]> = computed(() =>
  place.value.path
    .split('/')
    .filter((part) => part !== '')
    .map((part) => decoded(part)),
);

export function query(name: string): string {
  return place.value.query.get(name) ?? '';
}

/** These stay in the address from page to page. */
const LASTING = ['range', 'from', 'to'] as const;

/** The address of a page that looks at the same time as this one. */
export function href(to: string, changes: Readonly<Record<string, string | null>> = {}): string {
  const next = new URLSearchParams();
  for (const name of LASTING) {
    const value = place.value.query.get(name);
    if (value !== null) next.set(name, value);
  }
  return written(to, next, changes);
}

export function go(to: string): void {
  history.pushState(null, '', to);
  place.value = here();
  scrollTo(0, 0);
}

/** Changes parts of the query where we are. @param how `replace`: nothing to go back to, as with every letter of a search */
export function setQuery(changes: Readonly<Record<string, string | null>>, how: 'push' | 'replace' = 'push'): void {
  const to = written(location.pathname, new URLSearchParams(location.search), changes);
  if (how === 'push') history.pushState(null, '', to);
  else history.replaceState(null, '', to);
  place.value = here();
}

/** Follows links within the dashboard without loading it anew, and the buttons of the browser. */
export function follow(): void {
  addEventListener('popstate', () => (place.value = here()));
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.origin !== location.origin || link.target !== '' || link.hasAttribute('download')) return;
    if (!link.hasAttribute('data-page')) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}

function written(to: string, from: URLSearchParams, changes: Readonly<Record<string, string | null>>): string {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') from.delete(name);
    else from.set(name, value);
  }
  const text = from.toString();
  return text === '' ? to : `${to}?${text}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
