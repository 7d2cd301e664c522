import { describe, expect, test } from 'vitest';
import { degrade, type DegradedAnswer, type DegradedRung, GivenStream, tellModel } from './degraded.ts';
import { faultOf } from './fault/index.ts';
import type { FaultKind } from './fault/fault.ts';
import { NO_USAGE } from './ports.ts';
import { callAt } from './scripted.test-support.ts';
import { VirtualClock } from './virtual-clock.ts';

const REPLY: DegradedAnswer['reply'] = {
  kind: 'whole',
  status: 200,
  headers: {},
  body: Buffer.from('{}'),
  usage: NO_USAGE,
  fault: null,
  free: true,
};

function rung(name: string, on: readonly FaultKind[], detail: string | null | undefined): DegradedRung {
  return { name, on: new Set(on), answer: () => (detail === undefined ? null : { reply: REPLY, detail }) };
}

describe('a degraded answer', () => {
  test.each<[string, DegradedRung[], string | null, string | null]>([
    ['the first that has something', [rung('stale', ['overloaded'], 'age=3')], 'stale; age=3', 'overloaded'],
    [
      'passes over those without',
      [rung('stale', ['overloaded'], undefined), rung('canned', ['overloaded'], null)],
      'canned',
      'overloaded',
    ],
    [
      'only after faults it is meant for',
      [rung('stale', ['timeout'], 'age=3'), rung('canned', ['overloaded'], null)],
      'canned',
      'overloaded',
    ],
    ['none for other faults', [rung('canned', ['timeout'], null)], null, null],
  ])('%s', async (_, rungs, told, after) => {
    const call = callAt(new VirtualClock());
    const reply = await degrade(rungs, call, faultOf('overloaded'));
    expect(reply).toBe(told === null ? null : REPLY);
    expect(call.told).toEqual(told === null ? [] : ['x-holdfast-degraded', told]);
    expect(call.notes).toEqual(told === null ? [] : [`degraded: ${told}; after=${after}`]);
  });

  test('another model is told, and is degraded only where the ladder does not begin with it', () => {
    const alias = callAt(new VirtualClock(), { model: 'fast' });
    tellModel(alias, 'gpt-4o-mini', [{ model: 'gpt-4o-mini' }]);
    expect(alias.told).toEqual(['x-holdfast-model', 'gpt-4o-mini']);
    const lower = callAt(new VirtualClock(), { model: 'gpt-4o' });
    tellModel(lower, 'llama', [{ model: null }]);
    expect(lower.told).toEqual(['x-holdfast-model', 'llama', 'x-holdfast-degraded', 'model; served=llama']);
    expect(lower.notes).toEqual(['degraded: model; served=llama']);
  });

  test('a given stream gives its bytes, ends, and tells late listeners too', () => {
    const stream = new GivenStream(Buffer.from('data: x\n\n'));
    const seen: string[] = [];
    stream.onEnding(({ fault }) => seen.push(`early ${fault?.kind ?? null}`));
    stream.start({
      write: (chunk) => seen.push(Buffer.from(chunk).toString()) > 0,
      end: () => seen.push('end'),
      fail: () => seen.push('fail'),
    });
    stream.onEnding(({ fault }) => seen.push(`late ${fault?.kind ?? null}`));
    expect(seen).toEqual(['data: x\n\n', 'end', 'early null', 'late null']);
  });
});
