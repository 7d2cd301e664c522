import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Lock } from './lock.ts';

let home = '';
let path = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-lock-'));
  path = join(home, 'out.jsonl.lock');
});
afterEach(() => rmSync(home, { recursive: true }));

/** A process that holds the lock until it is killed. */
async function holder(): Promise<{ readonly pid: number; kill(): Promise<void> }> {
  const source = `
    import { Lock } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)};
    Lock.take(${JSON.stringify(path)});
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    pid: child.pid ?? 0,
    async kill() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

test('is held by one, and can be had again when that one has let go', () => {
  const lock = Lock.take(path);
  lock.release();
  expect(existsSync(path)).toBe(false);
  Lock.take(path).release();
});

test('tells who holds it and since when, and is free when that one is killed', { timeout: 30_000 }, async () => {
  const other = await holder();
  expect(() => Lock.take(path)).toThrow(new RegExp(`another process \\(process ${other.pid}, since 2\\d{3}-.*Z\\)`));
  await other.kill();
  expect(existsSync(path)).toBe(true);
  Lock.take(path).release();
});

test('leaves what it cannot have as it is', () => {
  writeFileSync(path, 'what somebody else keeps here '.repeat(50));
  expect(() => Lock.take(path)).toThrow('is in the way and is no lock of a bulk; move it away');
  expect(() => Lock.take(join(home, 'none', 'out.jsonl.lock'))).toThrow('cannot be made');
});
