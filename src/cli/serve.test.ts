import { expect, it } from 'vitest';
import { serveCommand } from './serve.ts';

it.each(['99999', '-1', 'web', '80.5'])('names what was typed as a port and is none: %s', async (port) => {
  const started = serveCommand().parseAsync([`--port=${port}`], { from: 'user' });
  await expect(started).rejects.toThrow(`--port "${port}" is not a port`);
});
