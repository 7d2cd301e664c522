import { signal } from '@preact/signals';

export type Theme = 'light' | 'dark';

const STORED = 'holdfast-theme';

const dark = matchMedia('(prefers-color-scheme: dark)');

function chosen(): Theme | null {
  const stored = localStorage.getItem(STORED);
  return stored === 'light' || stored === 'dark' ? stored : null;
}

/** What was chosen, else what the system prefers. */
export const theme = signal<Theme>(chosen() ?? (dark.matches ? 'dark' : 'light'));

export function followTheme(): void {
  dark.addEventListener('change', () => (theme.value = chosen() ?? (dark.matches ? 'dark' : 'light')));
  theme.subscribe((value) => (document.documentElement.dataset['theme'] = value));
}

export function toggleTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark';
  localStorage.setItem(STORED, theme.value);
}
