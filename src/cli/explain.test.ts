import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';

const COMMAND = new URL('explain.ts', import.meta.url).href;
const SCRIPT = `import { explainCommand } from ${JSON.stringify(COMMAND)};
await explainCommand().parseAsync(process.argv.slice(1), { from: 'user' }).catch((error) => {
  process.stderr.write(error.message + '\\n');
  process.exitCode = 1;
});`;

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in a process of its own, because it reads stdin and sets the exit code. */
async function run(args: readonly string[], input = ''): Promise<Run> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, '--', ...args]);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.on('error', () => undefined).end(input);
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, err };
}

describe('holdfast explain', () => {
  it('explains a failure given by flags, its body in a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-explain-'));
    const file = join(folder, 'body.json');
    await writeFile(file, '{"error":{"message":"Limit.","type":"requests","code":"rate_limit_exceeded"}}');
    const flags = ['--provider', 'openai', '--status', '429', '--header', 'Retry-After: 3', '--header', 'x-a: b:c'];
    const { code, out, err } = await run([...flags, '--body', `@${file}`, '--json']);
    await rm(folder, { recursive: true });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({
      kind: 'rate-limit-requests',
      party: 'account',
      retry: { here: true, elsewhere: true, afterMs: 3000 },
    });
  });

  it('explains each line and goes on after one it cannot read', async () => {
    const lines = ['{"status":401,"body":""}', 'oops', '', '{"status":200,"body":"{}"}', '{"headers":{}}'];
    const { code, out, err } = await run(['--json'], lines.join('\n'));
    expect(code).toBe(1);
    const kinds = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { kind: string | null }).kind);
    expect(kinds).toEqual(['authentication', null]);
    expect(err).toMatch(/^holdfast: line 2: not JSON .*\nholdfast: line 5: status is missing/);
  });

  it('explains an event for people', async () => {
    const { code, out } = await run([
      '--stream',
      '--body',
      '{"error":{"code":"server_is_overloaded","message":"Busy."}}',
    ]);
    expect(code).toBe(0);
    expect(out).toMatch(/^overloaded: Busy\.\n {2}at fault {3}provider/);
  });

  it.each([
    [['--body', 'x'], '--status is missing'],
    [['--status', 'soon'], 'status is "soon"'],
    [['--status', '400', '--header', 'nope'], '--header "nope" has no name'],
    [['--status', '400', '--body', '@/nowhere/at/all'], 'cannot be read: /nowhere/at/all'],
  ])('refuses %j', async (args, problem) => {
    const { code, err } = await run(args);
    expect(code).toBe(1);
    expect(err).toContain(problem);
  });
});
