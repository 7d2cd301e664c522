import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Call } from '../../engine/call.ts';
import { faultOf } from '../../engine/fault/index.ts';
import type { ValidationMode } from '../../engine/policy.ts';
import { parseJson } from '../../engine/parse-json.ts';
import { callAt } from '../../engine/scripted.test-support.ts';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import { validation } from './check.ts';
import type { ModelFacts } from './model-rules.ts';
import { validRequest } from './requests.test-support.ts';

const THINKS: ModelFacts = {
  reasoning: true,
  sampling: 'fixed',
  stop: true,
  efforts: ['low', 'medium', 'high'],
  inputs: ['text', 'image'],
  outputs: ['text'],
  maxOutput: 100_000,
};

const factsOf = (model: string | null): ModelFacts | null => (/^(?:o3|gpt-5)/.test(model ?? '') ? THINKS : null);

function check(mode: ValidationMode, ownWords = false): (call: Call) => ReturnType<ReturnType<typeof validation>> {
  return validation(() => ({ id: 'main', mode, ownWords: () => ownWords, factsOf }));
}

function callWith(body: string | Uint8Array, path = '/chat/completions'): Call {
  const bytes = Buffer.from(body as string);
  let model: string | null = null;
  try {
    model = (parseJson(bytes.toString()) as { model?: string }).model ?? null;
  } catch {
    // As the door leaves it when it cannot read.
  }
  return callAt(new VirtualClock(), { body: bytes, path, model, method: 'POST' });
}

describe('valid requests', () => {
  test.each(['strict', 'repair'] as const)('5,000 pass %s untouched, byte for byte', (mode) => {
    const look = check(mode);
    fc.assert(
      fc.property(validRequest, ({ path, body }) => {
        const call = callWith(body, path);
        const before = call.body;
        expect(look(call)).toBeNull();
        expect(call.body).toBe(before);
        expect(Buffer.from(before as Uint8Array).toString()).toBe(body);
        expect([call.notes, call.told]).toEqual([[], []]);
        // A letter for each byte, as the door parses too.
        expect(call.parsed).toEqual(JSON.parse(Buffer.from(body).toString('latin1')));
      }),
      { numRuns: 5000, seed: 20261121 },
    );
  });

  test('a text is as long as its letters, though the door has parsed it byte by byte', () => {
    const metadata = (letters: number): string =>
      JSON.stringify({
        model: 'gpt-4o',
        messages: [{ role: 'user', content: 'hi' }],
        metadata: { note: 'ß'.repeat(letters) },
      });
    const asTheDoorLeavesIt = (body: string): Call => {
      const call = callWith(body);
      call.parsed = JSON.parse(Buffer.from(body).toString('latin1')) as Record<string, unknown>;
      return call;
    };
    const look = check('strict');
    expect(look(asTheDoorLeavesIt(metadata(512)))).toBeNull();
    expect(look(asTheDoorLeavesIt(metadata(513)))).toMatchObject({ param: 'metadata.note' });
  });
});

test('letters are counted, not bytes, however the door has parsed them', () => {
  const body = JSON.stringify({
    model: 'gpt-4o',
    messages: [{ role: 'user', content: '海藻', name: 'à-ç' }],
    user: '海'.repeat(60),
  });
  const call = callWith(body);
  call.parsed = JSON.parse(Buffer.from(body).toString('latin1')) as Record<string, unknown>;
  expect(check('strict')(call)).toBeNull();
  const long = callWith(body.replace('海海', '海海海海海海海'));
  long.parsed = JSON.parse(Buffer.from(long.body as Uint8Array).toString('latin1')) as Record<string, unknown>;
  expect(check('strict')(long)).toMatchObject({
    param: 'user',
    message: expect.stringContaining('a string with length 65'),
  });
});

describe('what each mode does', () => {
  const slip = '{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"temprature":1}';
  const news = '{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"warp":1}';
  const mendable = '{"model":"o3","messages":[{"role":"user","content":"hi"}],"max_tokens":5}';

  test('strict refuses them all', () => {
    const look = check('strict');
    const refused = callWith(slip);
    expect(look(refused)).toMatchObject({ kind: 'unsupported-parameter', param: 'temprature' });
    expect(refused.route).toBe('main');
    expect(look(callWith(news))).toMatchObject({ kind: 'unsupported-parameter', param: 'warp' });
    expect(look(callWith(mendable))).toMatchObject({
      param: 'max_tokens',
      remedy: 'Send max_completion_tokens instead of max_tokens.',
    });
  });

  test('strict leaves fields of their own to servers that may have some', () => {
    const look = check('strict', true);
    expect(look(callWith(slip))).toMatchObject({ param: 'temprature' });
    const call = callWith(news);
    expect(look(call)).toBeNull();
    expect(call.notes).toEqual(['noticed unknown-field: warp']);
  });

  test('strict leaves what is still in beta to those who try it out', () => {
    const call = callWith(news, '/responses?beta=true');
    expect(check('strict')(call)).toMatchObject({ param: 'messages' });
    expect(check('strict')(callWith('{"model":"gpt-4o","input":"hi","crew":{}}', '/responses?beta=true'))).toBeNull();
    expect(check('strict')(callWith('{"model":"gpt-4o","input":"hi","crew":{}}', '/responses'))).not.toBeNull();
  });

  test('repair refuses slips, lets news pass, and puts right what it can', () => {
    const look = check('repair');
    expect(look(callWith(slip))).toMatchObject({ param: 'temprature', remedy: "Did you mean 'temperature'?" });
    const call = callWith(news);
    expect(look(call)).toBeNull();
    expect(call.told).toEqual([]);
    const mended = callWith(mendable);
    expect(look(mended)).toBeNull();
    expect(Buffer.from(mended.body as Uint8Array).toString()).toBe(
      mendable.replace('max_tokens', 'max_completion_tokens'),
    );
    expect(mended.told).toEqual(['x-holdfast-repaired', 'max-tokens']);
    expect(mended.notes).toEqual(['repaired max-tokens: max_tokens']);
    expect(mended.parsed).toMatchObject({ max_completion_tokens: 5 });
  });

  test('observe sends everything as it is', () => {
    const look = check('observe');
    for (const body of [slip, news, mendable]) {
      const call = callWith(body);
      expect(look(call)).toBeNull();
      expect(Buffer.from(call.body as Uint8Array).toString()).toBe(body);
      expect(call.notes).toHaveLength(1);
      expect(call.told).toEqual([]);
    }
  });

  test('sample observes one body in sixteen', () => {
    const look = check('sample');
    const calls = Array.from({ length: 32 }, () => callWith(slip));
    for (const call of calls) look(call);
    expect(calls.filter(({ notes }) => notes.length > 0)).toHaveLength(2);
  });

  test('sample observes no more than fifty a second', () => {
    const look = check('sample');
    const calls = Array.from({ length: 16 * 200 }, (_, at) => ({ ...callWith(slip), startedAt: at }));
    for (const call of calls) look(call);
    const looked = calls.filter(({ notes }) => notes.length > 0).map(({ startedAt }) => Math.floor(startedAt / 1000));
    expect(looked.filter((second) => second === 0)).toHaveLength(50);
    expect(looked.filter((second) => second === 1)).toHaveLength(50);
  });

  test('off does not look', () => {
    const call = callWith(slip);
    expect(check('off')(call)).toBeNull();
    expect(call.parsed).toBeNull();
  });

  test.each(['strict', 'repair', 'observe', 'sample'] as const)('%s explains what the door could not read', (mode) => {
    const call = callAt(new VirtualClock(), {
      body: Buffer.from('{"model":"gpt-4o",}'),
      method: 'POST',
      path: '/chat/completions',
      problem: faultOf('invalid-request', { message: 'unreadable' }),
    });
    expect(check(mode)(call)?.message).toMatch(/a comma stands after the last one \(line 1, column 18\)/);
  });

  test('paths that are not known, uploads and empty bodies pass', () => {
    const look = check('strict');
    expect(look(callWith('nonsense', '/files'))).toBeNull();
    expect(look(callAt(new VirtualClock(), { body: null, method: 'GET', path: '/chat/completions' }))).toBeNull();
    expect(look(callWith(slip, '/chat/completions?beta=1'))).not.toBeNull();
  });

  test('a body that would take long to parse passes', () => {
    const huge = `{"temprature":1,"model":"a","x":"${'x'.repeat(2 * 1024 * 1024)}"}`;
    expect(check('strict')(callWith(huge))).toBeNull();
  });
});

describe('repairs', () => {
  const turn = '{"role":"user","content":"hi"}';
  const calling =
    '{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}';

  test.each<[string, string, string, string]>([
    [
      'the cap of a model that thinks',
      `{"model":"o3","messages":[${turn}],"max_tokens": 9}`,
      `{"model":"o3","messages":[${turn}],"max_completion_tokens": 9}`,
      'max-tokens',
    ],
    [
      'both caps',
      `{"max_tokens":9,"model":"o3","messages":[${turn}],"max_completion_tokens":7}`,
      `{"model":"o3","messages":[${turn}],"max_completion_tokens":7}`,
      'max-tokens',
    ],
    [
      'a cap above what there is',
      `{"model":"o3","messages":[${turn}],"max_completion_tokens":200000}`,
      `{"model":"o3","messages":[${turn}],"max_completion_tokens":100000}`,
      'output-cap',
    ],
    [
      'a large cap by its old name',
      `{"model":"o3","messages":[${turn}],"max_tokens":200000}`,
      `{"model":"o3","messages":[${turn}],"max_completion_tokens":100000}`,
      'max-tokens, output-cap',
    ],
    [
      'a temperature',
      `{"model":"o3","temperature":0.2,"messages":[${turn}]}`,
      `{"model":"o3","messages":[${turn}]}`,
      'sampling',
    ],
    [
      'several settings, at the end',
      `{"model":"o3","messages":[${turn}],\n "temperature":0.2 ,\n "top_p":0.5\n}`,
      `{"model":"o3","messages":[${turn}]\n}`,
      'sampling',
    ],
    [
      'a number as text',
      `{"model":"gpt-4o","messages":[${turn}],"temperature":"0.20"}`,
      `{"model":"gpt-4o","messages":[${turn}],"temperature":0.2}`,
      'number-as-text',
    ],
    [
      'a number as text that goes anyway',
      `{"model":"o3","messages":[${turn}],"temperature":"0.2"}`,
      `{"model":"o3","messages":[${turn}]}`,
      'sampling',
    ],
    [
      'a byte order mark',
      `\ufeff{"model":"gpt-4o","messages":[${turn}]}`,
      `{"model":"gpt-4o","messages":[${turn}]}`,
      'byte-order-mark',
    ],
    [
      'half of an emoji',
      '{"model":"gpt-4o","messages":[{"role":"user","content":"a \\ud83d b"}]}',
      '{"model":"gpt-4o","messages":[{"role":"user","content":"a \ufffd b"}]}',
      'lone-surrogates',
    ],
    [
      'halves among wholes, and backslashes',
      String.raw`{"model":"gpt-4o","messages":[{"role":"user","content":"\ud83d\ude00 \udead \\ud83d \"\ud83d"}]}`,
      String.raw`{"model":"gpt-4o","messages":[{"role":"user","content":"\ud83d\ude00 @ \\ud83d \"@"}]}`.replaceAll(
        '@',
        '\ufffd',
      ),
      'lone-surrogates',
    ],
    [
      'a result of null',
      `{"model":"gpt-4o","messages":[${calling},{"role":"tool","tool_call_id":"c1","content":null}]}`,
      `{"model":"gpt-4o","messages":[${calling},{"role":"tool","tool_call_id":"c1","content":""}]}`,
      'null-content',
    ],
    [
      'a turn without content',
      `{"model":"gpt-4o","messages":[{"role":"assistant"},${turn}]}`,
      `{"model":"gpt-4o","messages":[{"content":"","role":"assistant"},${turn}]}`,
      'null-content',
    ],
    [
      'calls of null',
      `{"model":"gpt-4o","messages":[{"role":"assistant","content":"a","tool_calls":null},${turn}]}`,
      `{"model":"gpt-4o","messages":[{"role":"assistant","content":"a"},${turn}]}`,
      'no-tool-calls',
    ],
    [
      'no calls, nothing said',
      `{"model":"gpt-4o","messages":[{"role":"assistant","content":null,"tool_calls":[]},${turn}]}`,
      `{"model":"gpt-4o","messages":[{"role":"assistant","content":""},${turn}]}`,
      'null-content, no-tool-calls',
    ],
    [
      'no tools',
      `{"model":"gpt-4o","messages":[${turn}],"tools":[],"parallel_tool_calls":true}`,
      `{"model":"gpt-4o","messages":[${turn}]}`,
      'no-tools, parallel-tool-calls',
    ],
    [
      'options of no stream',
      `{"model":"gpt-4o","messages":[${turn}],"stream_options":{"include_usage":true},"n":1}`,
      `{"model":"gpt-4o","messages":[${turn}],"n":1}`,
      'stream-options',
    ],
    [
      'a name said twice alike',
      `{"model":"gpt-4o","n":1,"messages":[${turn}],"n":1}`,
      `{"model":"gpt-4o","messages":[${turn}],"n":1}`,
      'duplicate-keys',
    ],
    [
      'a long user',
      `{"model":"gpt-4o","messages":[${turn}],"user":"${'u'.repeat(65)}"}`,
      `{"model":"gpt-4o","messages":[${turn}],"user":"f20e249d15fa4b9f44ba21d154f62e1efa76ddfdce5d25139a33a4787cee5a8b"}`,
      'long-identifier',
    ],
    [
      'numbers that JavaScript cannot hold stay',
      `{"model":"o3","seed":9007199254740993,"messages":[${turn}],"top_p":0.5}`,
      `{"model":"o3","seed":9007199254740993,"messages":[${turn}]}`,
      'sampling',
    ],
  ])('%s', (_, body, mended, names) => {
    const call = callWith(body);
    expect(check('repair')(call)).toBeNull();
    expect(Buffer.from(call.body as Uint8Array).toString()).toBe(mended);
    expect(call.told).toEqual(['x-holdfast-repaired', names]);
    expect(call.parsed).toEqual(JSON.parse(Buffer.from(mended).toString('latin1')));
  });

  test.each<[string, string]>([
    ['a name said twice in two ways', `{"model":"gpt-4o","n":1,"messages":[${turn}],"n":2}`],
    ['text that is no number', `{"model":"gpt-4o","messages":[${turn}],"temperature":"hot"}`],
    ['a number as text that is out of range', `{"model":"gpt-4o","messages":[${turn}],"temperature":"3"}`],
    ['probabilities that were asked for', `{"model":"o3","messages":[${turn}],"logprobs":true}`],
    ['a question of null', '{"model":"gpt-4o","messages":[{"role":"user","content":null}]}'],
    ['a call without its result', `{"model":"gpt-4o","messages":[${calling}]}`],
    ['no tools, and one required', `{"model":"gpt-4o","messages":[${turn}],"tools":[],"tool_choice":"required"}`],
    ['JSON with a comma too many', `{"model":"gpt-4o","messages":[${turn}],}`],
  ])('not: %s', (_, body) => {
    const call = callWith(body);
    expect(check('repair')(call)).not.toBeNull();
    expect(Buffer.from(call.body as Uint8Array).toString()).toBe(body);
    expect(call.told).toEqual([]);
  });
});

describe('whatever comes', () => {
  const modes = ['strict', 'repair', 'observe'] as const;

  /** No mode may throw; what repair lets pass after repairs, it lets pass again as it is. */
  function complaintsAbout(body: Uint8Array, path: string): string[] {
    return modes.flatMap((mode) => {
      const call = callWith(body, path);
      const fault = check(mode)(call);
      if (fault !== null) return fault.message.length > 0 && fault.message.length < 5000 ? [] : [fault.message];
      if (call.told.length === 0) return [];
      const again = callWith(call.body as Uint8Array, path);
      const second = check('repair')(again);
      return second === null && again.told.length === 0 && mode === 'repair' ? [] : [`${mode}: ${again.told.join()}`];
    });
  }

  const paths = [
    '/chat/completions',
    '/responses',
    '/embeddings',
    '/moderations',
    '/images/generations',
    '/audio/speech',
  ];

  test('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...paths), (body, path) => {
        expect(complaintsAbout(body, path)).toEqual([]);
      }),
      {
        numRuns: 800,
        seed: 1,
      },
    );
  });

  /** A megabyte of the same, in a chat request. */
  const filled = (before: string, piece: string, after: string): string =>
    `${before}${piece.repeat(Math.floor(1_000_000 / piece.length)).replace(/,$/, '')}${after}`;
  const talk = '{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],';

  test.each<[string, string]>([
    ['numbers', filled(`${talk}"x":[`, '0,', ']}')],
    ['one name again and again', filled(talk, '"a":1,', '}')],
    ['one name again and again, deeper', filled(`${talk}"metadata":{`, '"a":"1",', '}}')],
    ['backslashes', filled('{"model":"gpt-4o","messages":[{"role":"user","content":"', '\\\\', '"}]}')],
    ['quotes', filled('{"model":"gpt-4o","messages":[{"role":"user","content":"', '\\"', '"}]}')],
    ['slips', filled('{"model":"gpt-4o","messages":[', '{"role":"wizzard"},', ']}')],
    ['halves', filled('{"model":"gpt-4o","messages":[', '{"role":"user","content":"\\ud83d"},', ']}')],
    ['nothing said', filled('{"model":"gpt-4o","messages":[', '{"role":"assistant","content":null},', ']}')],
    ['lists in lists', `${talk}"x":${'['.repeat(400_000)}${']'.repeat(400_000)}}`],
    ['an end that never comes', filled(`${talk}"x":[`, '[1,', '')],
  ])('a megabyte of %s is judged within a second', (_, body) => {
    for (const mode of modes) {
      const call = callWith(body);
      const since = performance.now();
      check(mode)(call);
      expect(performance.now() - since).toBeLessThan(1000);
    }
  });

  test('JSON of any shape', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(...paths), (body, path) => {
        expect(complaintsAbout(Buffer.from(body), path)).toEqual([]);
      }),
      { numRuns: 800, seed: 2 },
    );
  });

  test('valid requests with a byte changed, taken out, or cut', () => {
    const slip = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.nat(255), how: fc.nat(3) });
    fc.assert(
      fc.property(validRequest, fc.array(slip, { minLength: 1, maxLength: 3 }), ({ path, body }, slips) => {
        let bytes: Buffer = Buffer.from(body);
        for (const { at, byte, how } of slips) {
          const where = Math.floor(at * bytes.length);
          if (how === 0) bytes = bytes.subarray(0, where);
          else
            bytes = Buffer.concat([
              bytes.subarray(0, where),
              how === 1 ? Buffer.of() : Buffer.of(byte),
              bytes.subarray(where + (how === 3 ? 0 : 1)),
            ]);
        }
        expect(complaintsAbout(bytes, path)).toEqual([]);
      }),
      { numRuns: 1000, seed: 3 },
    );
  });

  test('valid requests with a value of another kind somewhere', () => {
    const strange = fc.constantFrom<unknown>(
      null,
      '',
      '7',
      7,
      -1,
      1e308,
      true,
      [],
      {},
      [[]],
      [null],
      { type: 'text' },
      { __proto__: null, constructor: 1 },
    );
    fc.assert(
      fc.property(validRequest, fc.nat(10_000), strange, ({ path, body }, choice, value) => {
        const request = JSON.parse(body) as Record<string, unknown>;
        const places = placesIn(request);
        const [holder, key] = places[choice % places.length] as readonly [Record<string, unknown>, string];
        holder[key] = value;
        expect(complaintsAbout(Buffer.from(JSON.stringify(request)), path)).toEqual([]);
      }),
      { numRuns: 1000, seed: 4 },
    );
  });

  function placesIn(value: unknown): (readonly [Record<string, unknown>, string])[] {
    if (typeof value !== 'object' || value === null) return [];
    const holder = value as Record<string, unknown>;
    return Object.keys(holder).flatMap((key) => [[holder, key] as const, ...placesIn(holder[key])]);
  }
});
