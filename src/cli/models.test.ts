import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { modelsCommand } from './models.ts';

let printed: string[] = [];
beforeEach(() => {
  printed = [];
  vi.spyOn(console, 'log').mockImplementation((text: string) => void printed.push(text));
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function run(...args: readonly string[]): Promise<string> {
  const command = modelsCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  await command.parseAsync([...args], { from: 'user' });
  return printed.join('\n');
}

interface Shown {
  readonly model: string;
  readonly maker: string;
  readonly ratio: number | null;
  readonly misses: readonly string[];
}

async function listed(...args: readonly string[]): Promise<readonly Shown[]> {
  return JSON.parse(await run(...args, '--json')) as Shown[];
}

describe('holdfast models', () => {
  test('compares those that could take over from one', async () => {
    const found = await listed('--for', 'gpt-4o', '--needs', 'tools,vision', '--prompt', '200k');
    expect(found.some(({ model }) => model === 'gpt-4o')).toBe(false);
    expect(found[0]?.misses).toEqual([]);
    expect(found.find(({ model }) => model === 'gpt-4o-mini')).toMatchObject({ misses: ['window of 128000'] });
    expect(found.find(({ model }) => model === 'gpt-4.1')?.ratio).toBeCloseTo(0.8, 1);
  });

  test("lists a maker's", async () => {
    const found = await listed('--maker', 'anthropic');
    expect(found.length).toBeGreaterThan(10);
    expect(new Set(found.map(({ maker }) => maker))).toEqual(new Set(['anthropic']));
  });

  test('prints a page for people', async () => {
    const [head = '', ...rows] = (await run('--for', 'gpt-4o', '--needs', 'video')).split('\n');
    expect(head).toMatch(/^MODEL +MAKER +PROMPT +ANSWER +IN \$\/M +OUT \$\/M +COST +CAN/);
    expect(rows.find((row) => row.startsWith('gemini-2.5-flash '))).toMatch(/1\.05M +66k +0\.3 +2\.5 +0\.\d+x .*fits$/);
    expect(rows.find((row) => row.startsWith('gpt-4o-mini '))).toMatch(/no video$/);
  });

  test.each([
    [['--for', 'gpt-99'], 'models: gpt-99 is not known'],
    [['--needs', 'flying'], 'models: no ability is called "flying"; write some of tools, vision'],
    [['--prompt', 'much'], 'models: --prompt has to be a number of tokens'],
    [['--for', 'gpt-4o-mni'], 'models: gpt-4o-mni is not known; did you mean gpt-4o-mini?'],
    [['--maker', 'nobody'], 'models: --maker "nobody" is unknown; write openai, anthropic or google'],
  ])('%j is refused', async (args, message) => {
    await expect(run(...args)).rejects.toThrow(message);
  });
});
