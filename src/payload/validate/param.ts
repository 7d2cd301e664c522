import type { Step } from './repair.ts';

/** `['messages', 0, 'role']` as `messages[0].role`. */
export function paramOf(path: readonly Step[]): string {
  let param = '';
  for (const step of path) {
    if (typeof step === 'number') param += `[${step}]`;
    else param += param === '' ? step : `.${step}`;
  }
  return param;
}
