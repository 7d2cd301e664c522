import { end, write } from '../script.ts';
import type { Step } from '../script.ts';
import { brokenAfter, headOf, rewritten, withSteps } from './misbehaviour.ts';
import type { Misbehaviour } from './misbehaviour.ts';

const HANG: Step = { do: 'hang', waitMs: 0 };
const CUT: Step = { do: 'cut', waitMs: 0 };
const RESET: Step = { do: 'reset', waitMs: 0 };
/** A reset throws away what has not left yet; a moment's wait lets the tokens before it out. */
const LATE_RESET: Step = { do: 'reset', waitMs: 20 };

const AFTER_TOKENS = { means: 'tokens that arrive before it', standard: 5 };
const EVERYWHERE = { spoils: 'any', wires: null } as const;
const BEFORE = { ...EVERYWHERE, moment: 'before-content', argument: null } as const;
const AFTER = { ...EVERYWHERE, moment: 'after-content', argument: AFTER_TOKENS } as const;

/** Silence, slowness and broken connections. */
export const CONNECTION_FAULTS: readonly Misbehaviour[] = [
  {
    ...EVERYWHERE,
    name: 'slow',
    description: 'The first byte, headers included, comes late; the answer is whole.',
    kind: null,
    moment: null,
    argument: { means: 'milliseconds of delay', standard: 3000 },
    apply: (script, ms) => {
      const [first, ...rest] = script.steps;
      return first === undefined ? script : withSteps(script, [{ ...first, waitMs: first.waitMs + ms }, ...rest]);
    },
  },
  {
    name: 'slow-tokens',
    description: 'Every token comes late; the answer is whole.',
    kind: null,
    moment: null,
    spoils: 'stream',
    wires: null,
    argument: { means: 'milliseconds before each token', standard: 200 },
    apply: (script, ms) => rewritten(script, (step) => [step.part === 'content' ? { ...step, waitMs: ms } : step]),
  },
  {
    ...BEFORE,
    name: 'hang',
    description: 'The connection is open and nothing ever comes, not even headers.',
    kind: 'timeout',
    apply: (script) => withSteps(script, [HANG]),
  },
  {
    ...BEFORE,
    name: 'hang-after-headers',
    description: 'A 200 with its headers, then silence.',
    kind: 'timeout',
    apply: (script) => withSteps(script, [headOf(script), HANG]),
  },
  {
    name: 'hang-after-opening',
    description: 'The stream opens (role chunk, response.created) and then says nothing.',
    kind: 'timeout',
    moment: 'before-content',
    spoils: 'stream',
    wires: ['chat', 'responses'],
    argument: null,
    apply: (script) => brokenAfter(script, 0, [HANG]),
  },
  {
    name: 'only-comments',
    description: 'The stream opens and is kept alive by comment lines, but no token ever comes.',
    kind: 'timeout',
    moment: 'before-content',
    spoils: 'stream',
    wires: ['chat', 'responses'],
    argument: { means: 'milliseconds between two comments', standard: 50 },
    apply: (script, ms) => {
      const comments = Array.from({ length: 10_000 }, () => write('opening', ': keep-alive\n\n', ms));
      return brokenAfter(script, 0, [...comments, HANG]);
    },
  },
  {
    ...AFTER,
    name: 'stall',
    description: 'Tokens arrive and then stop; the connection stays open. A whole body stops in its middle.',
    kind: 'timeout',
    apply: (script, tokens) => brokenAfter(script, tokens, [HANG]),
  },
  {
    ...AFTER,
    name: 'cut',
    description: 'The connection closes in the middle of the answer.',
    kind: 'partial-response',
    apply: (script, tokens) => brokenAfter(script, tokens, [CUT]),
  },
  {
    ...AFTER,
    name: 'reset',
    description: 'The connection is reset in the middle of the answer.',
    kind: 'partial-response',
    apply: (script, tokens) => brokenAfter(script, tokens, [LATE_RESET]),
  },
  {
    name: 'end',
    description: 'The stream ends politely after some tokens, without finish reason or terminal event.',
    kind: 'partial-response',
    moment: 'after-content',
    spoils: 'stream',
    wires: ['chat', 'responses'],
    argument: AFTER_TOKENS,
    apply: (script, tokens) => brokenAfter(script, tokens, [end()]),
  },
  {
    ...BEFORE,
    name: 'cut-before-headers',
    description: 'The connection closes before a single byte of the answer.',
    kind: 'network',
    apply: (script) => withSteps(script, [CUT]),
  },
  {
    ...BEFORE,
    name: 'reset-before-headers',
    description: 'The connection is reset before a single byte of the answer.',
    kind: 'network',
    apply: (script) => withSteps(script, [RESET]),
  },
  {
    ...BEFORE,
    name: 'refuse',
    description: 'The connection is reset and new ones are refused for a while, for every caller.',
    kind: 'network',
    argument: { means: 'milliseconds of refusing', standard: 1000 },
    apply: (script, forMs) => withSteps(script, [{ do: 'refuse', forMs, waitMs: 0 }]),
  },
  {
    ...AFTER,
    name: 'pause',
    description: 'A stream pauses after its fifth token and then goes on; the answer is whole.',
    kind: null,
    moment: null,
    spoils: 'stream',
    argument: { means: 'milliseconds of pause', standard: 1000 },
    apply: (script, ms) => {
      let seen = 0;
      return rewritten(script, (step) => [
        step.part === 'content' && (seen += 1) === 6 ? { ...step, waitMs: ms } : step,
      ]);
    },
  },
];
