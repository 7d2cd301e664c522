import { chat } from '../../../src/providers/openai/chat.ts';
import { holdfast as engine, type HoldfastOptions } from '../../../src/simulator/virtual/holdfast.ts';
import type { Policy } from './policy.ts';

/** The engine, set up as it ships but for what a setting changes. */
function policy(id: string, name: string, options: Omit<HoldfastOptions, 'dialect' | 'timeouts'> = {}): Policy {
  return {
    id,
    name,
    client: ({ attemptMs }) =>
      engine({
        dialect: chat,
        ...(attemptMs === null ? {} : { timeouts: { headersMs: attemptMs, firstContentMs: attemptMs } }),
        ...options,
      }),
  };
}

export const holdfast: Policy = policy('holdfast', 'Holdfast');

/** Without its breaker, to show what the retry budget does by itself. */
export const holdfastUnbroken: Policy = policy('holdfast-no-breaker', 'Holdfast, breaker off', {
  breaker: { enabled: false },
});
