import { describe, expect, test } from 'vitest';
import { withModel } from './splice.ts';

const splice = (body: string) => Buffer.from(withModel(Buffer.from(body), 'new-"1"')).toString('utf8');

describe('another model in the same bytes', () => {
  test.each([
    ['first member', '{"model":"gpt-4o","n":1}', '{"model":"new-\\"1\\"","n":1}'],
    ['last member, spaced', '{ "n" : 1 , "model" : "gpt-4o" }', '{ "n" : 1 , "model" : "new-\\"1\\"" }'],
    [
      'numbers beyond JavaScript stay',
      '{"seed":12345678901234567890,"model":"a"}',
      '{"seed":12345678901234567890,"model":"new-\\"1\\""}',
    ],
    ['a key deeper down is not it', '{"a":{"model":"x"},"model":"y"}', '{"a":{"model":"x"},"model":"new-\\"1\\""}'],
    ['nor one after it', '{"model":"y","a":[{"model":"x"}]}', '{"model":"new-\\"1\\"","a":[{"model":"x"}]}'],
    ['nor the word as a value', '{"a":"model","model":"y"}', '{"a":"model","model":"new-\\"1\\""}'],
    [
      'nor one inside a string',
      '{"a":"\\"model\\":\\"x\\"","model":"y"}',
      '{"a":"\\"model\\":\\"x\\"","model":"new-\\"1\\""}',
    ],
    ['escapes at a string’s end', '{"a":"x\\\\","model":"y\\""}', '{"a":"x\\\\","model":"new-\\"1\\""}'],
    ['of two the last counts, as in JSON.parse', '{"model":"x","model":"y"}', '{"model":"x","model":"new-\\"1\\""}'],
    [
      'a name in escapes is the same name',
      '{"model":"x","mod\\u0065l":"y"}',
      '{"model":"x","mod\\u0065l":"new-\\"1\\""}',
    ],
    ['null is replaced', '{"model":null}', '{"model":"new-\\"1\\""}'],
    ['missing is added', '{"n":1}', '{"model":"new-\\"1\\"","n":1}'],
    ['missing in an empty object', '{ }', '{"model":"new-\\"1\\""}'],
  ])('%s', (_, body, expected) => {
    expect(splice(body)).toBe(expected);
    expect((JSON.parse(splice(body)) as { model: string }).model).toBe('new-"1"');
  });
});
