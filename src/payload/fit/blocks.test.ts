import { expect, test } from 'vitest';
import type { JsonObject } from '../tokens/json.ts';
import { blocksOf } from './blocks.ts';
import { scalesFor, weighed } from './conversations.test-support.ts';

const system = { role: 'system', content: 's' };
const user = { role: 'user', content: 'u' };
const assistant = { role: 'assistant', content: 'a' };
const calls = (...ids: string[]): JsonObject => ({
  role: 'assistant',
  tool_calls: ids.map((id) => ({ id, function: { name: 'f', arguments: '{}' } })),
});
const result = (id: string): JsonObject => ({ role: 'tool', tool_call_id: id, content: 'r' });
const called = (id: string): JsonObject => ({ type: 'function_call', call_id: id, name: 'f', arguments: '{}' });
const output = (id: string): JsonObject => ({ type: 'function_call_output', call_id: id, output: 'r' });
const reasoning = { type: 'reasoning', id: 'rs', summary: [] };

// Each block is told as how many parts it has, and why it stays.
test.each<[string, JsonObject[], (string | number)[]]>([
  ['nothing', [], []],
  ['a turn', [system, user, assistant, user], ['1 guide', '1 task', 1, '1 last']],
  ['one task and no more', [user, assistant, assistant], ['1 task', 1, '1 last']],
  [
    'a developer in between',
    [user, { role: 'developer', content: 'd' }, assistant, user],
    ['1 task', '1 guide', 1, '1 last'],
  ],
  [
    'calls with their results',
    [user, calls('1', '2'), result('1'), result('2'), assistant, user],
    ['1 task', 3, 1, '1 last'],
  ],
  ['the last calls', [user, calls('1'), result('1'), calls('2'), result('2')], ['1 task', 2, '2 last']],
  [
    'a guide among results',
    [user, calls('1', '2'), result('1'), system, result('2'), user],
    ['1 task', '4 guide', '1 last'],
  ],
  ['a result of nobody knows what', [user, result('x'), assistant, user], ['1 task', '1 state', 1, '1 last']],
  [
    'functions of old',
    [
      user,
      { role: 'assistant', function_call: { name: 'f', arguments: '' } },
      { role: 'function', name: 'f', content: 'r' },
      user,
    ],
    ['1 task', 2, '1 last'],
  ],
])('chat: %s', (_, messages, expected) => {
  const blocks = blocksOf(weighed(scalesFor('chat'), messages));
  expect(blocks.map(({ from, to, stays }) => (stays === null ? to - from : `${to - from} ${stays}`))).toEqual(expected);
});

test.each<[string, JsonObject[], (string | number)[]]>([
  [
    'reasoning goes with what it led to',
    [user, reasoning, called('1'), output('1'), reasoning, assistant, user],
    ['1 task', 3, 2, '1 last'],
  ],
  ['calls that cross', [user, called('1'), called('2'), output('1'), output('2'), user], ['1 task', 4, '1 last']],
  [
    'what only the provider has',
    [user, { type: 'item_reference', id: 'x' }, output('9'), assistant, user],
    ['1 task', '1 state', '1 state', 1, '1 last'],
  ],
  [
    'a search that the provider ran',
    [user, { type: 'web_search_call', id: 'ws', status: 'completed' }, assistant, user],
    ['1 task', 1, 1, '1 last'],
  ],
  [
    'approvals',
    [
      user,
      { type: 'mcp_approval_request', id: 'm' },
      { type: 'mcp_approval_response', approval_request_id: 'm', approve: true },
      user,
    ],
    ['1 task', 2, '1 last'],
  ],
])('responses: %s', (_, items, expected) => {
  const blocks = blocksOf(weighed(scalesFor('responses'), items));
  expect(blocks.map(({ from, to, stays }) => (stays === null ? to - from : `${to - from} ${stays}`))).toEqual(expected);
});
