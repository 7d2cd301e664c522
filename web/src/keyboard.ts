import { signal } from '@preact/signals';
import { go, href } from './router.ts';

/** Whether the list of keys is shown. */
export const helpShown = signal(false);

export const PAGES = [
  { path: '/', label: 'Overview', key: 'o' },
  { path: '/calls', label: 'Calls', key: 'c' },
  { path: '/faults', label: 'Faults', key: 'f' },
  { path: '/providers', label: 'Providers', key: 'p' },
  { path: '/tenants', label: 'Tenants', key: 't' },
  { path: '/costs', label: 'Costs', key: 'm' },
  { path: '/jobs', label: 'Jobs', key: 'b' },
  { path: '/playground', label: 'Playground', key: 'r' },
] as const;

/** A `g` waits this long for the letter that says where to, ms. */
const SECOND_KEY_MS = 1_200;

export const KEYS: readonly (readonly [keys: readonly string[], what: string])[] = [
  ...PAGES.map(({ key, label }) => [['g', key], `go to ${label}`] as const),
  [['/'], 'search calls, by any id'],
  [['j'], 'next row'],
  [['k'], 'row before'],
  [['Enter'], 'open the row'],
  [['Esc'], 'close, or leave a field'],
  [['?'], 'these keys'],
];

/** Listens to the keyboard; what is typed into a field is the field's. */
export function followKeyboard(): void {
  let wentAt = 0;
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (target?.matches('input, textarea, select, [contenteditable]')) {
      if (event.key === 'Escape') target.blur();
      return;
    }
    if (document.querySelector('dialog[open]') !== null) return;
    const second = Date.now() - wentAt < SECOND_KEY_MS;
    wentAt = 0;
    const page = second ? PAGES.find(({ key }) => key === event.key) : undefined;
    if (page !== undefined) go(href(page.path));
    else if (event.key === 'g') wentAt = Date.now();
    else if (event.key === '/') search();
    else if (event.key === '?') helpShown.value = true;
    else if (event.key === 'j') move(1);
    else if (event.key === 'k') move(-1);
    else return;
    event.preventDefault();
  });
}

function search(): void {
  const field = document.querySelector<HTMLInputElement>('input[type="search"]');
  if (field === null) go(href('/calls', { search: 'here' }));
  else field.focus();
}

/** Moves the focus from row to row: each has a link or a button that opens it. */
function move(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')];
  const now = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
  const next = rows[now < 0 ? (by > 0 ? 0 : rows.length - 1) : now + by];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}
