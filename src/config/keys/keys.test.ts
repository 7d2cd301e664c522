import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import { faultOf } from '../../engine/fault/index.ts';
import type { KeyVerdict } from '../../providers/key-check.ts';
import type { SecretFault, SecretReading } from '../secret-stores/store.ts';
import { HeldSecret } from '../secrets.ts';
import { FirstSeen } from './first-seen.ts';
import { KeyKeeper } from './keeper.ts';
import type { KeptKey } from './problems.ts';
import type { KeyReport } from './report.ts';
import { type KeyState, onReading, onVerdict } from './rotation.ts';
import { foreignVendor } from './vendor.ts';

const OLD = 'sk-proj-old-0123456789';
const NEW = 'sk-proj-new-0123456789';
const REFUSAL = faultOf('authentication', { evidence: ['status 401'] });
const BAD = 'sk-proj-bad-0123456789';

it.each<[Partial<KeyState>, string, string]>([
  [{ used: 'a' }, 'a', 'same'],
  [{ used: 'a' }, 'b', 'try'],
  [{ used: 'a', spurned: 'b' }, 'b', 'same'],
  [{ used: 'a', spurned: 'b' }, 'c', 'try'],
  [{ used: null }, 'a', 'try'],
])('a store that gives %j the value %s: %s', (state, found, decision) => {
  expect(onReading({ used: null, broken: false, spurned: null, ...state }, found)).toBe(decision);
});

it.each<[Partial<KeyState>, KeyVerdict['kind'], string]>([
  [{ used: 'a' }, 'accepted', 'adopt'],
  [{ used: 'a' }, 'refused', 'keep-old'],
  [{ used: 'a' }, 'unknown', 'wait'],
  [{ used: 'a', broken: true }, 'unknown', 'adopt'],
  [{ used: 'a', broken: true }, 'refused', 'keep-old'],
  [{ used: null }, 'unknown', 'adopt'],
  [{ used: null }, 'refused', 'adopt'],
])('a new value for %j that is %s: %s', (state, verdict, decision) => {
  expect(onVerdict({ used: null, broken: false, spurned: null, ...state }, verdict)).toBe(decision);
});

it.each([
  ['openai', 'https://api.openai.com/v1', 'sk-proj-x', null],
  ['openai', 'https://api.openai.com/v1', 'sk-anything', null],
  ['openai', 'https://api.openai.com/v1', 'sk-ant-api03-x', 'Anthropic'],
  ['openai', 'https://api.openai.com/v1', 'gsk_x', 'Groq'],
  ['openai', 'https://api.openai.com/v1', 'house-key', 'another vendor'],
  ['openai', 'https://proxy.example.com/v1', 'house-key', null],
  ['openai', 'https://proxy.example.com/v1', 'sk-ant-x', 'Anthropic'],
  ['openai-compatible', 'https://api.groq.com/openai/v1', 'gsk_x', null],
  ['openai-compatible', 'https://api.groq.com/openai/v1', 'sk-proj-x', 'OpenAI'],
  ['azure', 'https://team.openai.azure.com', '0123456789abcdef0123456789abcdef', null],
  ['azure', 'https://team.openai.azure.com', 'sk-proj-x', 'OpenAI'],
  ['openai-compatible', 'http://127.0.0.1:8000/v1', 'sk-ant-x', null],
  ['openai-compatible', 'https://llm.example.com/v1', 'gsk_x', null],
] as const)('for %s at %s the key %s is one of %s', (provider, baseUrl, key, vendor) => {
  expect(foreignVendor({ provider, baseUrl }, key)).toBe(vendor);
});

/** A gateway's keys with a store that can be written to and a provider that can be told whom to accept. */
class Scene {
  readonly clock = new VirtualClock();
  readonly events: string[] = [];
  readonly accepted = new Set([OLD, NEW]);
  stored: string | SecretFault = OLD;
  providerAway = false;
  checks = 0;
  readonly secret = new HeldSecret('file:key', { value: OLD, since: null }, () => Promise.resolve(this.#read()));
  readonly keeper: KeyKeeper;

  constructor(
    key: Partial<KeptKey> = {},
    { environment = null, rotateEveryMs = null }: { environment?: string | null; rotateEveryMs?: number | null } = {},
  ) {
    const question = {
      provider: 'openai',
      baseUrl: 'https://api.openai.com/v1',
      deployment: null,
      apiVersion: null,
      headers: {},
    } as const;
    const kept: KeptKey = {
      target: 'openai',
      secret: this.secret,
      question,
      models: ['gpt-4o'],
      environment: null,
      rotateBy: null,
      ...key,
    };
    this.keeper = new KeyKeeper([kept], {
      clock: this.clock,
      check: (_, value) => Promise.resolve(this.#check(value)),
      tell: ({ kind }) => void this.events.push(kind),
      firstSeen: new FirstSeen(null),
      environment,
      rotateEveryMs,
    });
  }

  get report(): KeyReport {
    return this.keeper.reports()[0] as KeyReport;
  }

  #read(): SecretReading | SecretFault {
    return typeof this.stored === 'string' ? { value: this.stored, since: null } : this.stored;
  }

  #check(value: string): KeyVerdict {
    this.checks += 1;
    if (this.providerAway) return { kind: 'unknown', fault: faultOf('network') };
    if (this.accepted.has(value)) return { kind: 'accepted', models: new Set(['gpt-4o']) };
    return { kind: 'refused', fault: faultOf('authentication', { evidence: ['status 401'] }) };
  }
}

const MINUTE = 60_000;

describe('a rotation', () => {
  it('takes up a new key that the provider accepts', async () => {
    const scene = new Scene();
    scene.keeper.start();
    scene.stored = NEW;
    await scene.clock.advance(10_000);
    expect(scene.secret.reveal()).toBe(NEW);
    expect(scene.events).toEqual(['rotated']);
    scene.keeper.stop();
  });

  it('keeps the old key when the new one is refused, says so once, and tries it again later', async () => {
    const scene = new Scene();
    scene.keeper.start();
    scene.stored = BAD;
    await scene.clock.advance(5 * MINUTE);
    expect(scene.secret.reveal()).toBe(OLD);
    expect(scene.events).toEqual(['new-key-refused']);
    expect(scene.checks).toBeLessThan(8);
    expect(scene.report.problems.join()).toContain('has a successor in file:key that the provider refuses');
    scene.accepted.add(BAD);
    await scene.clock.advance(2 * MINUTE);
    expect(scene.secret.reveal()).toBe(BAD);
    expect(scene.report.problems).toEqual([]);
    scene.keeper.stop();
  });

  it('waits for a provider that is away while the old key works', async () => {
    const scene = new Scene();
    scene.keeper.start();
    scene.stored = NEW;
    scene.providerAway = true;
    await scene.clock.advance(MINUTE);
    expect(scene.secret.reveal()).toBe(OLD);
    scene.providerAway = false;
    await scene.clock.advance(10_000);
    expect(scene.secret.reveal()).toBe(NEW);
    scene.keeper.stop();
  });

  it('keeps the last good value while its store is away', async () => {
    const scene = new Scene();
    scene.keeper.start();
    scene.stored = { wrong: 'cannot be read', fix: 'Wait.', passing: true };
    await scene.clock.advance(MINUTE);
    expect(scene.secret.reveal()).toBe(OLD);
    scene.stored = OLD;
    await scene.clock.advance(10_000);
    expect(scene.events).toEqual(['store-away', 'store-back']);
    scene.keeper.stop();
  });
});

describe('a key that is refused in a call', () => {
  it('is replaced at once when its store has another, and the call is worth sending again', async () => {
    const scene = new Scene();
    await scene.keeper.checkAll();
    scene.accepted.delete(OLD);
    scene.stored = NEW;
    await scene.clock.advance(10);
    const asked = Array.from({ length: 100 }, () => scene.keeper.renew('openai', scene.clock.now(), REFUSAL));
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 100 }, () => true));
    expect(scene.events).toEqual(['key-refused', 'rotated']);
    expect(scene.checks).toBe(2);
  });

  it('stays refused when its store has no other, and is not asked about again at once', async () => {
    const scene = new Scene();
    scene.accepted.delete(OLD);
    expect(await scene.keeper.renew('openai', 0, REFUSAL)).toBe(false);
    expect(await scene.keeper.renew('openai', 0, REFUSAL)).toBe(false);
    expect(scene.checks).toBe(0);
    expect(scene.report).toMatchObject({ status: 'refused', ending: '6789' });
    expect(JSON.stringify(scene.report)).not.toContain('sk-proj');
  });
});

it('a key that was refused is noticed when it is welcome again', async () => {
  const scene = new Scene();
  scene.keeper.start();
  scene.accepted.delete(OLD);
  await scene.keeper.renew('openai', scene.clock.now(), REFUSAL);
  await scene.clock.advance(MINUTE);
  expect(scene.report.status).toBe('refused');
  scene.accepted.add(OLD);
  await scene.clock.advance(2 * MINUTE);
  expect(scene.report.status).toBe('accepted');
  expect(scene.events).toEqual(['key-refused', 'key-accepted']);
  scene.keeper.stop();
});

describe('what is said of a key', () => {
  it('names another environment, a missing model, a date that has passed', async () => {
    const scene = new Scene(
      { environment: 'development', models: ['gpt-4o', 'gpt-5'], rotateBy: -1 },
      { environment: 'production' },
    );
    const [report] = await scene.keeper.checkAll();
    expect(report?.problems).toEqual([
      'is a key for development, and this gateway is for production. Name the right key, or correct the label.',
      'may not ask for gpt-5, as its routes do. Give it access, or change the route.',
      'is due to be replaced. Make a new one, put it in its place, then revoke the old one.',
    ]);
  });

  it('counts its age from when it was first seen', async () => {
    const scene = new Scene({}, { rotateEveryMs: MINUTE });
    expect(scene.report.problems).toEqual([]);
    await scene.clock.advance(2 * MINUTE);
    expect(scene.report.problems.join()).toContain('due to be replaced');
  });

  it('finds one key in two environments', () => {
    const held = (): HeldSecret => new HeldSecret('env:K', { value: OLD, since: null });
    const scene = new Scene();
    const question = {
      provider: 'openai-compatible',
      baseUrl: 'http://127.0.0.1:1/v1',
      deployment: null,
      apiVersion: null,
      headers: {},
    } as const;
    const key = (target: string, environment: string): KeptKey => ({
      target,
      secret: held(),
      question,
      models: [],
      environment,
      rotateBy: null,
    });
    const keeper = new KeyKeeper([key('a', 'production'), key('b', 'development')], {
      clock: scene.clock,
      check: () => Promise.reject(new Error('not asked')),
      tell: () => undefined,
      firstSeen: new FirstSeen(null),
      environment: null,
      rotateEveryMs: null,
    });
    expect(keeper.reports()[0]?.problems).toEqual([
      'the same key is used for production and, at target b, for development; make one for each',
    ]);
  });
});
