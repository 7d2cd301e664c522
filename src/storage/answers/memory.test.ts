import { describe, expect, test } from 'vitest';
import { AnswerMemory } from './memory.ts';

const answer = (bytes: number, at = 0): { body: Uint8Array; at: number } => ({ body: new Uint8Array(bytes), at });

describe('answers in memory', () => {
  test('are found by their key, the newest under each', () => {
    const memory = new AnswerMemory();
    memory.set('a', answer(1, 5));
    memory.set('a', answer(3, 7));
    expect(memory.get('a')).toEqual(answer(3, 7));
    expect(memory.get('b')).toBe(null);
    expect([memory.size, memory.bytes]).toEqual([1, 3]);
  });

  test('beyond so many, what was not asked for the longest is forgotten', () => {
    const memory = new AnswerMemory({ entries: 3 });
    for (const key of ['a', 'b', 'c']) memory.set(key, answer(1));
    memory.get('a');
    memory.set('d', answer(1));
    expect(['a', 'b', 'c', 'd'].filter((key) => memory.get(key) !== null)).toEqual(['a', 'c', 'd']);
  });

  test('beyond so many bytes, likewise', () => {
    const memory = new AnswerMemory({ bytes: 1_600 });
    for (let at = 0; at < 100; at += 1) memory.set(`k${at}`, answer(100));
    expect(memory.size).toBe(16);
    expect(memory.bytes).toBe(1_600);
    expect(memory.get('k99')).not.toBe(null);
    expect(memory.get('k83')).toBe(null);
  });

  test('one that would push out many others is not kept, and takes the place of none', () => {
    const memory = new AnswerMemory({ bytes: 1_600 });
    memory.set('a', answer(50));
    memory.set('a', answer(101));
    expect(memory.get('a')).toBe(null);
    expect(memory.bytes).toBe(0);
  });
});
