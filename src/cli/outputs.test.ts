import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { outliveOutputs } from './outputs.ts';

const OUTPUTS = new URL('./outputs.ts', import.meta.url).href;

/** What a command that prints and ends does. */
const LISTEN = `process.stdout.on('error', (error) => { throw error; });`;

/** Speaks on both outputs, again later, and ends with a code of its own. */
const SPEAKER = `
  const speak = () => { process.stdout.write('out'); process.stderr.write('err'); };
  speak();
  setTimeout(() => { speak(); process.exit(7); }, 100);`;

it.runIf(process.platform === 'linux').each([
  ['without', '', 1],
  ['with', `(await import(${JSON.stringify(OUTPUTS)})).outliveOutputs();`, 7],
])('a process %s it, whose outputs have no room left', async (_, begin, code) => {
  const full = openSync('/dev/full', 'w');
  const speaker = spawn(process.execPath, ['--input-type=module', '-e', LISTEN + begin + SPEAKER], {
    stdio: ['ignore', full, full],
  });
  expect(await once(speaker, 'exit')).toEqual([code, null]);
});

it('a process whose reader has left goes on', async () => {
  const program = `${LISTEN} (await import(${JSON.stringify(OUTPUTS)})).outliveOutputs(); process.stdin.once('data', () => { ${SPEAKER} });`;
  const speaker = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe' });
  speaker.stdout.destroy();
  speaker.stderr.destroy();
  speaker.stdin.write('now');
  expect(await once(speaker, 'exit')).toEqual([7, null]);
});

it('loses what there is no room for, and says the rest', () => {
  const said: string[] = [];
  let full = true;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (full) return done(new Error('ENOSPC'));
      said.push(String(chunk));
      done();
    },
  });
  outliveOutputs([output]);
  output.write('lost');
  full = false;
  output.write('said');
  expect(said).toEqual(['said']);
});
