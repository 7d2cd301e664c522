import { afterEach, expect, it, vi } from 'vitest';
import { checkCommand } from './check.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

it('is no success where there is nothing to check', async () => {
  vi.stubEnv('OPENAI_API_KEY', '');
  vi.stubEnv('OPENAI_BASE_URL', '');
  let said = '';
  const command = checkCommand()
    .exitOverride()
    .configureOutput({ writeErr: (text) => void (said += text) });
  await expect(command.parseAsync([], { from: 'user' })).rejects.toMatchObject({ exitCode: 1 });
  expect(said).toContain('there is nothing to check: set OPENAI_API_KEY');
});
