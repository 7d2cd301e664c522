import { describe, expect, test } from 'vitest';
import { COMPATIBLE, type CompatibleName } from './compatible.ts';
import { adapted, mayConcern, type Quirks } from './quirks.ts';

const ASK = [{ role: 'user', content: 'Hello' }];

function fitted(server: CompatibleName, request: object, model = 'm') {
  const quirks = COMPATIBLE[server].quirks as Quirks;
  const losses: { field: string; how: string }[] = [];
  const body = { model: 'asked', messages: ASK, ...request };
  const isConcerned = mayConcern(Buffer.from(JSON.stringify(body)), quirks);
  const { model: name, ...out } = adapted(body, model, quirks, losses as never[]);
  expect(name).toBe(model);
  return { out, isConcerned, lost: losses.map(({ field, how }) => `${field} ${how}`) };
}

describe('what a server takes otherwise', () => {
  const schema = { type: 'json_schema', json_schema: { schema: {} } };
  test.each<[server: CompatibleName, request: object, out: object, lost: string[]]>([
    ['llama.cpp', { n: 2, seed: 1 }, { seed: 1 }, ['n dropped']],
    ['llama.cpp', { n: 1 }, {}, []],
    [
      'ollama',
      { tool_choice: 'auto', logit_bias: {}, user: 'u', temperature: 1 },
      { temperature: 1 },
      ['tool_choice dropped', 'user dropped'],
    ],
    [
      'groq',
      { logprobs: true, top_logprobs: 2, logit_bias: { 1: 2 } },
      {},
      ['logprobs dropped', 'top_logprobs dropped', 'logit_bias dropped'],
    ],
    [
      'groq',
      { messages: [{ role: 'user', name: 'ann', content: 'x' }] },
      { messages: [{ role: 'user', content: 'x' }] },
      ['messages[0].name dropped'],
    ],
    [
      'mistral',
      { seed: 7, max_completion_tokens: 5, stream: true, stream_options: { include_usage: true } },
      { random_seed: 7, max_tokens: 5, stream: true },
      [],
    ],
    ['mistral', { user: 'u', store: false, verbosity: 'low' }, {}, ['user dropped', 'verbosity dropped']],
    [
      'mistral',
      { messages: [{ role: 'developer', content: 'x' }] },
      { messages: [{ role: 'system', content: 'x' }] },
      [],
    ],
    [
      'deepseek',
      { response_format: schema },
      { response_format: { type: 'json_object' } },
      ['response_format changed'],
    ],
    ['deepseek', { response_format: { type: 'json_object' } }, { response_format: { type: 'json_object' } }, []],
    ['deepseek', { max_completion_tokens: 5, seed: 1 }, { max_tokens: 5 }, ['seed dropped']],
    [
      'xai',
      { presence_penalty: 1, frequency_penalty: 0, stop: ['x'] },
      {},
      ['presence_penalty dropped', 'stop dropped'],
    ],
    ['together', { max_completion_tokens: 5 }, { max_tokens: 5 }, []],
    ['fireworks', { max_completion_tokens: 5, max_tokens: 6 }, { max_tokens: 6 }, []],
    [
      'cerebras',
      { parallel_tool_calls: true, service_tier: 'auto', presence_penalty: 0 },
      {},
      ['service_tier dropped'],
    ],
  ])('%s: %j', (server, request, out, lost) => {
    const found = fitted(server, request);
    expect(found.out).toEqual({ messages: ASK, ...out });
    expect(found.lost).toEqual(lost);
    expect(found.isConcerned).toBe(true);
  });

  test('models that take it are spared', () => {
    expect(fitted('xai', { stop: ['x'] }, 'grok-4-fast-non-reasoning')).toMatchObject({
      out: { stop: ['x'] },
      lost: [],
    });
  });

  test('ids of calls are nine letters long at both ends, and those that are stay', () => {
    const call = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } });
    const messages = [
      ...ASK,
      { role: 'assistant', tool_calls: [call('call_0123456789abcdef'), call('abcdefghi')] },
      { role: 'tool', tool_call_id: 'call_0123456789abcdef', content: 'x' },
      { role: 'tool', tool_call_id: 'abcdefghi', content: 'y' },
    ];
    const { out, lost } = fitted('mistral', { messages });
    const [, { tool_calls: calls }, first, second] = out['messages'] as [
      object,
      { tool_calls: { id: string }[] },
      { tool_call_id: string },
      { tool_call_id: string },
    ];
    expect(calls[0]?.id).toMatch(/^[0-9a-f]{9}$/);
    expect(first.tool_call_id).toBe(calls[0]?.id);
    expect([calls[1]?.id, second.tool_call_id]).toEqual(['abcdefghi', 'abcdefghi']);
    expect(lost).toEqual([]);
  });

  const picture = (url: string) => ({
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
  });

  test('pictures', () => {
    expect(fitted('ollama', picture('data:image/png;base64,AAAA')).lost).toEqual([]);
    expect(() => fitted('ollama', picture('https://a.test/b.png'))).toThrow(
      'this server looks up no pictures on the web',
    );
    expect(() => fitted('deepseek', picture('data:image/png;base64,AAAA'))).toThrow('this server looks at no pictures');
  });
});

test.each(['ollama', 'groq', 'xai', 'cerebras', 'llama.cpp', 'fireworks', 'together'] as const)(
  'most requests go to %s as they are',
  (server) => {
    const body = JSON.stringify({ model: 'm', messages: ASK, temperature: 0.3, max_tokens: 9, stream: true });
    expect(mayConcern(Buffer.from(body), COMPATIBLE[server].quirks as Quirks)).toBe(false);
  },
);

test.each(Object.entries(COMPATIBLE))('%s can be reached, and is asked about its key', (_, row) => {
  const { protocol, hostname, pathname } = new URL(row.home);
  expect(pathname).toMatch(/\/v1$/);
  // A key goes to other machines over TLS only; none is sent to this one.
  expect([protocol, hostname === '127.0.0.1']).toEqual(row.keyVariable === null ? ['http:', true] : ['https:', false]);
  expect(row.keyCheck).toMatch(/^\/[a-z]+$/);
});
