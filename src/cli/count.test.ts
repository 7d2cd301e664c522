import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countCommand } from './count.ts';
import { painter } from './terminal.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-count-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function run(args: readonly string[]): Promise<string> {
  let out = '';
  const terminal = {
    write: (text: string) => void (out += text),
    note: () => undefined,
    width: Number.POSITIVE_INFINITY,
    paint: painter(false),
  };
  const command = countCommand(terminal)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  await command.parseAsync([...args], { from: 'user' });
  return out;
}

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const request = JSON.stringify({ model: 'gpt-4', messages: [{ role: 'user', content: 'hello world' }] });

describe('holdfast count', () => {
  it('counts a text', async () => {
    expect(await run(['hello world'])).toBe(
      '2 tokens  exact, gpt-4o, o200k_base\n  window of 128,000: 127,998 left, of which an answer takes at most 16,384\n',
    );
  });

  it('counts a request as its provider would', async () => {
    const out = await run(['--file', file('request.json', `\ufeff${request}`)]);
    expect(out).toContain('9 tokens  exact, gpt-4, cl100k_base\n  6 in 1 message\n  3 around them');
    expect(out).toContain('window of 8,192: 8,183 left');
  });

  it('counts it for another model, and as JSON', async () => {
    const told = JSON.parse(
      await run(['--file', file('r.json', request), '--model', 'claude-opus-5', '--json']),
    ) as object;
    expect(told).toMatchObject({
      model: 'claude-opus-5',
      tokens: 15,
      exact: false,
      encoding: 'o200k_base',
      messages: 1,
    });
  });

  it('counts a request as text where it is told to, and any other file always', async () => {
    expect(JSON.parse(await run(['--file', file('r.json', request), '--text', '--json']))).toMatchObject({
      messages: 1,
      frame_tokens: 0,
    });
    expect(JSON.parse(await run(['--file', file('a.md', '{ not json'), '--json']))).toMatchObject({ tokens: 3 });
  });

  it('says what is too much', async () => {
    const much = JSON.stringify({ model: 'gpt-4', messages: [{ role: 'user', content: 'kelp '.repeat(9_000) }] });
    expect(await run(['--file', file('much.json', much)])).toMatch(/window of 8,192: \d,?\d+ too many/);
  });

  it.each([
    [['--file', '/nowhere/at-all'], /--file names a file that cannot be read/],
    [['text', '--file', 'x'], /not both/],
  ])('refuses %j', async (args, words) => {
    await expect(run(args)).rejects.toThrow(words);
  });
});
