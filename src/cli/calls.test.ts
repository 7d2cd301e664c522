import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { aCall, aFault, anAttempt } from '../../test/fixtures/call-record.ts';
import { packCalls } from '../../test/fixtures/pack-calls.ts';
import { RecordWriter } from '../observe/record-writer.ts';
import { drawBar } from './call-timeline.ts';
import { callsCommand } from './calls.ts';
import { painter } from './terminal.ts';

const rescued = aCall({
  id: 'call-rescued',
  at: new Date(2026, 2, 9, 14, 3, 22, 123).getTime(),
  target: 'azure',
  durationMs: 2000,
  firstContentMs: 1500,
  attempts: [
    anAttempt({
      fault: aFault({ message: 'overloaded\u001B[2J just now' }),
      status: 503,
      startedMs: 0,
      durationMs: 500,
      firstContentMs: null,
    }),
    anAttempt({
      target: 'azure',
      reason: 'fallback',
      startedMs: 1000,
      waitedMs: 500,
      durationMs: 1000,
      firstContentMs: 1500,
    }),
  ],
});
const failed = aCall({
  id: 'call-failed',
  at: new Date(2026, 2, 9, 14, 4).getTime(),
  outcome: 'failed',
  status: 503,
  fault: aFault(),
  attempts: [],
  target: null,
  firstContentMs: null,
});

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-cli-calls-'));
  const writer = new RecordWriter(directory, { maxAgeMs: 1, maxBytes: 1 });
  writer.write(packCalls([rescued, failed]));
  writer.close();
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

interface Ran {
  readonly out: string;
  readonly notes: string;
}

async function run(words: readonly string[], { width = 200, colour = false, data = directory } = {}): Promise<Ran> {
  let out = '';
  let notes = '';
  const command = callsCommand({
    write: (text) => void (out += text),
    note: (text) => void (notes += text),
    width,
    paint: painter(colour),
  });
  await command.exitOverride().parseAsync([...words, '--data', data], { from: 'user' });
  return { out, notes };
}

describe('holdfast calls', () => {
  it('lists the newest first, in local time', async () => {
    const { out } = await run([]);
    const [head, ...rows] = out.trimEnd().split('\n');
    expect(head?.split(/ {2,}/).map((title) => title.trim())).toEqual([
      'time',
      'id',
      'model',
      'target',
      'outcome',
      'tries',
      'took',
      'first',
      'tokens',
    ]);
    expect(rows.map((row) => row.split(/ {2,}/).map((text) => text.trim()))).toEqual([
      ['2026-03-09 14:04:00', 'call-failed', 'gpt-5-mini', '-', 'failed: overloaded', '0', '812 ms', '-', '812 > 120'],
      ['2026-03-09 14:03:22', 'call-rescued', 'gpt-5-mini', 'azure', 'answered', '2', '2.00 s', '1.50 s', '812 > 120'],
    ]);
  });

  it.each([40, 60, 80])('fits %s columns, and keeps id and outcome', async (width) => {
    const { out } = await run([], { width });
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(out).toMatch(/call-failed .*failed: over/);
  });

  it('prints one JSON object per line, with ISO times', async () => {
    const { out } = await run(['--json', '--outcome', 'answered']);
    const { at, ...rest } = rescued;
    const [line = ''] = out.trimEnd().split('\n');
    expect(JSON.parse(line)).toEqual({ ...rest, at: new Date(at).toISOString() });
  });

  it('goes on to the next page', async () => {
    const first = await run(['--limit', '1']);
    expect(first.out).toContain('call-failed');
    expect(first.notes).toContain('--before call-failed');
    const second = await run(['--limit', '1', '--before', 'call-failed']);
    expect(second.out).toContain('call-rescued');
    expect(second.notes).toBe('');
  });

  it('says that nothing matches', async () => {
    expect(await run(['--since', '1s'])).toEqual({ out: '', notes: 'no calls match\n' });
  });

  it('names what no call has, and what there is', async () => {
    expect(await run(['--model', 'gpt-99', '--target', 'azur', '--outcome', 'answered'])).toEqual({
      out: '',
      notes:
        'no calls match\n' +
        'no call that is kept names --model "gpt-99". Known here: gpt-5-mini.\n' +
        'no call that is kept names --target "azur". Did you mean "azure"?\n',
    });
    expect(await run(['--json', '--tenant', 'shop'])).toEqual({
      out: '',
      notes: 'no call that is kept names --tenant "shop". No call names any.\n',
    });
  });

  it.each([
    [['--since', 'soon'], /--since "soon" is no moment/],
    [['--min-duration', '5'], /--min-duration "5" is no duration/],
    [['--outcome', 'good'], /--outcome "good" is unknown. Known here: answered/],
    [['--status', '99'], /--status "99"/],
    [['--limit', '0'], /--limit "0"/],
    [['--limit', '-1'], /--limit "-1"/],
    [['--limit', '1e9'], /--limit "1e9"/],
    [['--fault', 'nope'], /--fault "nope" is unknown. Known here: authentication, /],
    [['--fault', 'overload'], /--fault "overload" is unknown. Did you mean "overloaded"\?/],
    [['--since', '1h', '--until', '2h'], /nothing lies between --since "1h" and --until "2h"/],
    [['--before', 'nothing'], /no call has an id that begins with "nothing"/],
    [['show', 'nothing'], /no call has an id that begins with "nothing"/],
    [['show', 'call-'], /several ids begin with "call-", such as call-failed, call-rescued/],
  ])('refuses %j', async (words, message) => {
    await expect(run(words)).rejects.toThrow(message);
  });

  it('says kindly that there is no database yet', async () => {
    await expect(run([], { data: join(directory, 'nowhere') })).rejects.toThrow(/no database yet.*holdfast serve/);
  });
});

describe('holdfast calls --follow', () => {
  it('goes on with calls that another process writes, each once', async () => {
    const data = mkdtempSync(join(tmpdir(), 'holdfast-cli-follow-'));
    const writer = new RecordWriter(data, { maxAgeMs: 1, maxBytes: 1 });
    const write = (id: string): void => void writer.write(packCalls([aCall({ id })]));
    write('first');
    const source = `
      import { callsCommand } from ${JSON.stringify(new URL('./calls.ts', import.meta.url).href)};
      await callsCommand().parseAsync(['--follow', '--json', '--data', ${JSON.stringify(data)}], { from: 'user' });`;
    const follower = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ids: string[] = [];
    for await (const line of createInterface({ input: follower.stdout })) {
      ids.push((JSON.parse(line) as { id: string }).id);
      if (ids.length === 1) write('second');
      if (ids.length === 2) write('third');
      if (ids.length === 3) break;
    }
    follower.kill();
    await once(follower, 'exit');
    writer.close();
    rmSync(data, { recursive: true });
    expect(ids).toEqual(['first', 'second', 'third']);
  });
});

describe('holdfast calls show', () => {
  it('draws the attempts along the time, and says what to do', async () => {
    const { out } = await run(['show', 'call-res'], { width: 63 });
    expect(out).toBe(`call-rescued  answered after 2 attempts

arrived    2026-03-09 14:03:22.123 (${new Date(rescued.at).toISOString()})
request    POST /chat/completions (chat, stream, gateway)
model      gpt-5-mini
route      default
answer     200, azure
took       2.00 s, first content after 1.50 s, Holdfast itself
           0.2 ms
tokens     812 in (64 cached), 120 out

   0                                                     2.00 s
1  openai gpt-5-mini, status 503, 500 ms, no content,
   req_8f7c0e6f2b0d4b9c
   ░░░░░░░░░░░░░░░
   overloaded, provider at fault: overloaded [2J just now
2  azure gpt-5-mini, fallback, waited 500 ms, status 200, 1.00
   s, first content after 500 ms, req_8f7c0e6f2b0d4b9c
                  ···············░░░░░░░░░░░░░░░███████████████
   · wait  ░ until first content  █ content

what to do Wait a little, or send it to another target.
retrying   retry at the same target: yes, elsewhere: yes
read from  status 503
`);
  });

  it('tells of a call that reached no target', async () => {
    const { out } = await run(['show', 'call-failed']);
    expect(out).toContain('failed: overloaded after 0 attempts');
    expect(out).toContain('no attempt was made');
    expect(out).toContain('what to do Wait a little');
  });

  it('prints JSON', async () => {
    const { out } = await run(['show', 'call-failed', '--json']);
    expect(JSON.parse(out)).toMatchObject({ id: 'call-failed', fault: { kind: 'overloaded' } });
  });

  it('colours only where it is wanted', async () => {
    expect((await run(['show', 'call-failed'], { colour: true })).out).toContain('\u001B[31mfailed');
    expect((await run(['show', 'call-failed'])).out).not.toContain('\u001B');
  });

  it.each([
    ['a short one is still seen', anAttempt({ startedMs: 1000, durationMs: 0, firstContentMs: null }), '         ░'],
    ['one without content', anAttempt({ startedMs: 0, durationMs: 500, firstContentMs: null }), '░░░░░'],
    ['content at once', anAttempt({ startedMs: 500, durationMs: 500, firstContentMs: 500 }), '     █████'],
    [
      'a wait from before the start',
      anAttempt({ startedMs: 300, waitedMs: 900, durationMs: 700, firstContentMs: 800 }),
      '···░░░░░██',
    ],
  ])('bars: %s', (_name, attempt, bar) => {
    expect(drawBar(attempt, 1000, 10, painter(false))).toBe(bar);
  });
});

describe('calls export', () => {
  it('writes a table that spreadsheets read, whatever stands in it', async () => {
    const { out, notes } = await run(['export', '--format', 'csv']);
    const [head = '', first = '', second = '', end] = out.split('\r\n');
    expect(head.split(',').slice(0, 5)).toEqual(['id', 'caller_id', 'upstream_id', 'trace_id', 'at']);
    expect(first).toMatch(/^call-failed,.*,failed,503,overloaded,provider,The engine is currently overloaded\.,0,/);
    expect(second).toMatch(/^call-rescued,.*,answered,200,,,,2,overloaded,2000,1500,/);
    expect([end, notes]).toEqual(['', '2 calls\n']);
  });

  it('keeps a cell from being taken for a formula', async () => {
    const data = mkdtempSync(join(tmpdir(), 'holdfast-cli-export-'));
    const writer = new RecordWriter(data, { maxAgeMs: 1, maxBytes: 1 });
    writer.write(packCalls([aCall({ model: '=HYPERLINK("x","y")', callerId: 'two\nlines' })]));
    writer.close();
    const { out } = await run(['export', '--format', 'csv'], { data });
    expect(out).toContain(`,"'=HYPERLINK(""x"",""y"")",`);
    expect(out).toContain(',"two\nlines",');
    rmSync(data, { recursive: true });
  });

  it('writes lines of JSON with everything, of the calls that match', async () => {
    const { out } = await run(['export', '--outcome', 'answered']);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(out)).toMatchObject({ id: 'call-rescued', attempts: [{ status: 503 }, { target: 'azure' }] });
  });

  it('knows two formats', async () => {
    await expect(run(['export', '--format', 'xml'])).rejects.toThrow(
      '--format "xml" is unknown. Known here: csv, jsonl',
    );
  });
});
