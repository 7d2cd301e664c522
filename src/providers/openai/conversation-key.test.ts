import { describe, expect, test } from 'vitest';
import type { Call } from '../../engine/call.ts';
import { ANYONE } from '../../engine/caller.ts';
import { callAt } from '../../engine/scripted.test-support.ts';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import { conversationKey } from './conversation-key.ts';

const clock = new VirtualClock();
const key = (request: unknown, facts: Partial<Call> = {}): string | null =>
  conversationKey(callAt(clock, { body: Buffer.from(JSON.stringify(request)), ...facts }));

const system = { role: 'system', content: 'Be brief.' };
const user = (content: string): object => ({ role: 'user', content });
const assistant = { role: 'assistant', content: 'Yes?' };
const BEGUN = { model: 'm', messages: [system, user('Hello')] };

describe('calls are of one conversation', () => {
  test.each<[string, object]>([
    ['a later turn', { model: 'm', messages: [system, user('Hello'), assistant, user('And?')] }],
    ['with another model', { ...BEGUN, model: 'other', temperature: 1 }],
  ])('%s', (_, request) => expect(key(request)).toBe(key(BEGUN)));

  test('by the name that the caller gives it, whatever is said', () => {
    const headers = { 'x-holdfast-conversation': 'c-1' };
    expect(key(BEGUN, { headers })).toBe(key({ messages: [user('Other')] }, { headers }));
    expect(key(BEGUN, { headers })).not.toBe(key(BEGUN));
  });

  test('of the Responses API and of Messages too', () => {
    const first = { instructions: 'Be brief.', input: [user('Hello')] };
    const later = { ...first, input: [user('Hello'), assistant, user('And?')] };
    expect(key(later, { operation: 'responses' })).toBe(key(first, { operation: 'responses' }));
    const claude = { system: 'Be brief.', messages: [user('Hello')] };
    const more = { ...claude, messages: [user('Hello'), assistant] };
    expect(key(more, { operation: 'messages' })).toBe(key(claude, { operation: 'messages' }));
  });
});

describe('calls are not of one conversation', () => {
  test.each<[string, object, Partial<Call>]>([
    ['that began otherwise', { model: 'm', messages: [system, user('Good day')] }, {}],
    ['with other instructions', { model: 'm', messages: [user('Hello')] }, {}],
    ['of another tenant', BEGUN, { caller: { ...ANYONE, tenant: 'one' } }],
  ])('%s', (_, request, facts) => expect(key(request, facts)).not.toBe(key(BEGUN)));

  test.each<[string, unknown, Partial<Call>]>([
    ['nobody has spoken', { messages: [system] }, {}],
    ['it is no JSON', BEGUN, { body: Buffer.from('{') }],
    ['it has no body', BEGUN, { body: null }],
    ['it asks for embeddings', { input: 'x' }, { operation: 'embeddings' }],
  ])('and of none where %s', (_, request, facts) => expect(key(request, facts)).toBe(null));
});
