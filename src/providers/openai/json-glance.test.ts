import {
  array,
  assert,
  boolean,
  constant,
  constantFrom,
  dictionary,
  double,
  integer,
  letrec,
  nat,
  oneof,
  pre,
  property,
  string,
} from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Glance } from './json-glance.ts';

const NAMES = ['a', 'model', 'usage'] as const;
const glance = new Glance(NAMES);
const wary = new Glance(NAMES, true);

const at = (text: string, look = glance): boolean => look.at(Buffer.from(text));

function isParsable(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('what is in order', () => {
  test.each([
    ['an empty object', ' { } '],
    [
      'every kind of value',
      '{"a":"x","b":1,"c":-1.5e+3,"d":true,"e":false,"f":null,"g":{},"h":[],"i":[1,"x",{"j":[[]]}]}',
    ],
    ['spaces and line breaks', '{\n  "a" : [ 1 ,\r\n\t{ "b" : { } } ] ,\n  "c" : "x"\n}\n'],
    ['escapes', '{"a":"\\"","b":"\\\\","c":"x\\\\\\""}'],
    ['escapes behind a long text', `{"a":"${'x'.repeat(100)}\\"y","b":"${'x'.repeat(100)}\\\\","c":1}`],
    ['text that looks like structure', `{"a":"${'x'.repeat(60)}\\"}]}{[","b":"}"}`],
    ['letters outside ASCII', '{"a":"café 日本","é":1}'],
    ['a line break behind a long text', `{"a":"${'x'.repeat(100)}",\n"b":1}`],
  ])('%s', (_, text) => {
    expect(isParsable(text)).toBe(true);
    expect(at(text)).toBe(true);
  });
});

describe('what is left to a parse', () => {
  test.each([
    ['nothing', ''],
    ['no object', '[1]'],
    ['a text', '"a"'],
    ['cut in a name', '{"a":1,"b'],
    ['cut in a text', '{"a":"x'],
    ['cut in a long text', `{"a":"${'x'.repeat(100)}`],
    ['cut behind an escape', '{"a":"x\\'],
    ['cut in a list', '{"a":[1,2'],
    ['cut before its end', '{"a":{"b":1}'],
    ['more behind it', '{"a":1}{'],
    ['no colon', '{"a" 1}'],
    ['no comma', '{"a":1 "b":2}'],
    ['no comma in a list', '{"a":[1 2]}'],
    ['no value', '{"a":}'],
    ['a comma too many', '{"a":1,}'],
    ['a comma too many in a list', '{"a":[1,]}'],
    ['a comma too many within', '{"a":{"b":1,}}'],
    ['brackets that do not match', '{"a":[1}}'],
    ['words of another language', '{"a":None}'],
    ['a literal that goes on', '{"a":nullx}'],
    ['a literal that does not', '{"a":tru}'],
    ['a name without marks', '{a:1}'],
    ['a line break in a text', '{"a":"x\ny"}'],
    ['a line break in a long text', `{"a":"${'x'.repeat(100)}\ny"}`],
    ['a name with escapes', '{"\\u0061":1}'],
    ['deep nesting', `{"a":${'['.repeat(31)}1${']'.repeat(31)}}`],
    ['a byte order mark', '\ufeff{"a":1}'],
  ])('%s', (_, text) => {
    expect(at(text)).toBe(false);
  });

  test('thirty levels are not deep', () => {
    expect(at(`{"a":${'['.repeat(30)}1${']'.repeat(30)}}`)).toBe(true);
  });

  test.each([
    ['as a name', '{"error":null}'],
    ['as a name within', '{"a":[{"error":{}}]}'],
    ['as a value', '{"a":"error"}'],
    ['as a value within', '{"a":[{"finish_reason":"error"}]}'],
  ])('the word error %s, for the wary', (_, text) => {
    expect(at(text, wary)).toBe(false);
    expect(at(text)).toBe(true);
    expect(at(text.replace('error', 'errors'), wary)).toBe(true);
  });
});

describe('members', () => {
  const valueOf = (text: string): unknown => {
    const bytes = Buffer.from(text);
    expect(glance.at(bytes)).toBe(true);
    return glance.value(bytes, 'a');
  };

  test.each([
    ['text', '"x"', 'x'],
    ['empty text', '""', ''],
    ['text with escapes', '"\\u0041\\n"', 'A\n'],
    ['text outside ASCII', '"café"', 'café'],
    ['a number', '42', 42],
    ['nought', '0', 0],
    ['a fraction', '-1.5', -1.5],
    ['a number beyond exactness', '12345678901234567890', Number('12345678901234567890')],
    ['true', 'true', true],
    ['null', 'null', null],
    ['a list', '[1,{"b":2}]', [1, { b: 2 }]],
  ])('%s', (_, written, value) => {
    expect(valueOf(`{"b":{"a":7},"a":${written},"model":"y"}`)).toEqual(value);
  });

  test('of two the last counts, and none is remembered', () => {
    expect(valueOf('{"a":1,"a":2}')).toBe(2);
    expect(valueOf('{"b":1}')).toBeUndefined();
    expect(glance.startOf('a')).toBe(-1);
  });

  test('what a look passed over is found when it is read', () => {
    expect(() => valueOf('{"a":01}')).toThrow(SyntaxError);
    expect(() => valueOf('{"a":1-2}')).toThrow(SyntaxError);
  });

  test('a part of the bytes', () => {
    const bytes = Buffer.from('[{"a":1 } ,2]');
    expect(glance.at(bytes, 1, 9)).toBe(true);
    expect(glance.value(bytes, 'a')).toBe(1);
    expect(glance.at(bytes, 1, 8)).toBe(false);
  });
});

test('whatever JSON.stringify writes is in order, and its members are what they were', () => {
  const names = constantFrom('a', 'b', 'model', 'usage', 'x y', 'é');
  const { value } = letrec((tie) => ({
    value: oneof(
      { maxDepth: 4 },
      string({ unit: 'binary', maxLength: 120 }),
      double({ noNaN: true, noDefaultInfinity: true }),
      integer(),
      boolean(),
      constant(null),
      array(tie('value'), { maxLength: 4 }),
      dictionary(names, tie('value'), { maxKeys: 4 }),
    ),
  }));
  assert(
    property(dictionary(names, value), constantFrom(undefined, 2, '\t'), (object, indent) => {
      const text = JSON.stringify(object, null, indent);
      const bytes = Buffer.from(text);
      const parsed = JSON.parse(text) as Record<string, unknown>;
      expect(glance.at(bytes)).toBe(true);
      for (const name of NAMES) expect(glance.value(bytes, name)).toEqual(parsed[name]);
    }),
    { numRuns: 500 },
  );
});

test('what is broken in its structure is never in order', () => {
  const whole = '{"id":"c","a":{"model":[1,{"x":null}],"b":"y\\"z"},"usage":{"n":12,"m":true},"c":[]}';
  const marks = constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', ' ', 'x', '1', '\n', '');
  assert(
    property(nat(whole.length - 1), nat(2), marks, (place, removed, mark) => {
      const text = whole.slice(0, place) + mark + whole.slice(place + removed);
      // Numbers and escapes are passed over: those are asked for their value, or not at all.
      pre(!/\\[^"]|\d[x\d]|[.eE+-]\d|\d[.eE+-]/.test(text));
      expect(at(text) && !isParsable(text)).toBe(false);
    }),
    { numRuns: 3000 },
  );
});
