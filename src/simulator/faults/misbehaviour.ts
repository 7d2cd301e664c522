import type { FaultKind } from '../../engine/fault/fault.ts';
import { wholeScript, write } from '../script.ts';
import type { Head, Script, Step, WholeAnswer, Wire, Write } from '../script.ts';

/** One way to misbehave: what it is called, what it should be recognised as, and how it changes an answer. */
export interface Misbehaviour {
  /** Lower case with hyphens; how the fault is asked for. */
  readonly name: string;
  /** What happens, in one sentence. */
  readonly description: string;
  /** The kind that Holdfast has to name it; null when it is odd but no failure, and the caller gets a whole answer. */
  readonly kind: FaultKind | null;
  /** Whether content has reached the client when it strikes; null when nothing strikes. */
  readonly moment: 'before-content' | 'after-content' | null;
  /** The answers it can spoil; others are given unspoilt. */
  readonly spoils: 'any' | 'stream' | 'whole';
  /** The wires it knows; null for all. */
  readonly wires: readonly Wire[] | null;
  /** The number after the colon (`cut:17`): what it means and what it is when left out. */
  readonly argument: { readonly means: string; readonly standard: number } | null;
  /** The answer as it will happen instead. */
  readonly apply: (script: Script, argument: number) => Script;
}

/** A misbehaviour that gives an error in place of any answer. */
export function answering(
  name: string,
  kind: FaultKind,
  description: string,
  answer: (script: Script) => WholeAnswer,
): Misbehaviour {
  return {
    name,
    description,
    kind,
    moment: 'before-content',
    spoils: 'any',
    wires: null,
    argument: null,
    apply: (script) => instead(script, answer(script)),
  };
}

/** The given answer in place of the script's own. */
export function instead(script: Script, answer: WholeAnswer, waitMs = 0): Script {
  return wholeScript(script.about, answer, waitMs);
}

/** The same answer with other steps. */
export function withSteps(script: Script, steps: readonly Step[]): Script {
  return { ...script, steps };
}

export function isWrite(step: Step): step is Write {
  return step.do === 'write';
}

export function headOf(script: Script): Head {
  const [first] = script.steps;
  if (first?.do !== 'head') throw new Error('A script has to begin with its head.');
  return first;
}

/** The bytes of an answer that is not a stream. */
export function wholeBody(script: Script): Buffer {
  return Buffer.concat(script.steps.filter(isWrite).map((step) => Buffer.from(step.data)));
}

/**
 * The answer up to and with its `tokens`-th token, then other steps. Where it has fewer, up to its last token: the
 * finish reason is never reached. A whole answer has no tokens; it stops at the middle of its body.
 */
export function brokenAfter(script: Script, tokens: number, then: readonly Step[]): Script {
  if (!script.stream) {
    const body = wholeBody(script);
    const half = body.subarray(0, Math.floor(body.byteLength / 2));
    return withSteps(script, [headOf(script), write('content', half), ...then]);
  }
  const kept: Step[] = [];
  let seen = 0;
  for (const step of script.steps) {
    if (isWrite(step) && step.part === 'content' && (seen += 1) > tokens) break;
    if (isWrite(step) && (step.part === 'closing' || step.part === 'terminal')) break;
    if (step.do === 'end') break;
    kept.push(step);
  }
  return withSteps(script, [...kept, ...then]);
}

/** The answer with its bytes rewritten, each write apart; a function may give none, one or many writes for one. */
export function rewritten(script: Script, rewrite: (step: Write) => readonly Step[]): Script {
  return withSteps(
    script,
    script.steps.flatMap((step) => (isWrite(step) ? rewrite(step) : [step])),
  );
}

/** An event as the script's wire frames it. */
export function frame(script: Script, event: { readonly type?: string }): string {
  const data = `data: ${JSON.stringify(event)}\n\n`;
  return script.about.wire === 'responses' && event.type !== undefined ? `event: ${event.type}\n${data}` : data;
}
