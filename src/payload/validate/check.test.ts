import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Call } from '../../engine/call.ts';
import type { ValidationMode } from '../../engine/policy.ts';
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
  return validation(() => ({ mode, ownWords, factsOf }));
}

function callWith(body: string | Uint8Array, path = '/chat/completions'): Call {
  const bytes = Buffer.from(body as string);
  let model: string | null = null;
  try {
    model = (JSON.parse(bytes.toString()) as { model?: string }).model ?? null;
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
        expect(call.parsed).toEqual(JSON.parse(body));
      }),
      { numRuns: 5000, seed: 20261121 },
    );
  });
});
