import type { Call, Operation } from '../../engine/call.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import type { ValidationMode } from '../../engine/policy.ts';
import type { Check } from '../../engine/ports.ts';
import { type Findings, inspect, knownEndpoint, MOST_PARSED_BYTES } from './inspect.ts';
import { paramOf } from './param.ts';
import { mend } from './mend.ts';
import type { ModelFacts } from './model-rules.ts';
import type { Problem } from './problem.ts';
import { refusal } from './refusal.ts';
import { judge, type Verdict } from './verdict.ts';

/** How the requests of one route are looked at. */
export interface RouteValidation {
  /** Name of the route, for the records of what is refused before it has a route. */
  readonly id: string;
  readonly mode: ValidationMode;
  /** The route leads to servers that take fields of their own on this wire, so that an unknown one is no fault. */
  readonly ownWords: (operation: Operation) => boolean;
  /** What is known of the model that answers for the one asked for on this wire; null where nothing is. */
  readonly factsOf: (model: string | null, operation: Operation) => ModelFacts | null;
}

/** Notes that one record carries. */
const MOST_NOTES = 10;

/** Of requests that are sampled, so many pass for one that is looked at. */
const SAMPLED_ONE_IN = 16;

/** And no more than so many a second: they show what all would show, and at the highest rates looking took 1 µs of each call. */
const MOST_SAMPLED_A_SECOND = 50;

/**
 * The engine's check of requests, as their routes want it.
 *
 * @param routeOf how the route of a call wants it; null where no route takes the call.
 */
export function validation(routeOf: (call: Call) => RouteValidation | null): Check {
  const isSampled = sampling();
  return (call) => {
    const { body } = call;
    const endpoint = knownEndpoint(call.path);
    if (endpoint === null || call.method !== 'POST' || !(body instanceof Uint8Array)) return null;
    const route = routeOf(call);
    if (route === null || route.mode === 'off' || body.length > MOST_PARSED_BYTES) return null;
    // What the door could not read is always explained.
    if (route.mode === 'sample' && call.problem === null && !isSampled(call.startedAt)) return null;
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const facts = route.factsOf(call.model, call.operation);
    let findings = inspect(endpoint, bytes, call.parsed, facts);
    // What looks wrong in the texts as Latin-1 may be right as UTF-8, and is told of in its own letters.
    if (findings.problems.length > 0 && call.parsed !== null) findings = inspect(endpoint, bytes, null, facts);
    call.parsed = findings.parsed;
    if (findings.problems.length === 0) return null;
    // What the door could not read goes nowhere in any mode; here it is said where and why.
    if (call.problem !== null && findings.parsed === null) return refusal(findings.problems as [Problem, ...Problem[]]);
    const look = (mended: Buffer): Findings => inspect(endpoint, mended, null, facts);
    const ownWords = route.ownWords(call.operation) || isBeta(call);
    const fault = settle(call, bytes, judge(findings.problems, route.mode, ownWords), look);
    if (fault !== null) call.route = route.id;
    return fault;
  };
}

/** Which of the requests are looked at, by the clock time of their arrival. */
function sampling(): (at: number) => boolean {
  let passed = 0;
  let second = Number.NEGATIVE_INFINITY;
  let looked = 0;
  return (at) => {
    passed += 1;
    if (passed % SAMPLED_ONE_IN !== 1) return false;
    if (at >= second + 1000) {
      second = at;
      looked = 0;
    }
    looked += 1;
    return looked <= MOST_SAMPLED_A_SECOND;
  };
}

/** What is still being tried out has fields that no published table knows. */
function isBeta({ path, headers }: Call): boolean {
  const beta = headers['openai-beta'] ?? headers['anthropic-beta'];
  return beta !== undefined || path.includes('beta=true');
}

/** Does what was decided. What a repair has put right is looked at again: a repair must not be the next fault. */
function settle(call: Call, bytes: Buffer, verdict: Verdict, look: (bytes: Buffer) => Findings): Fault | null {
  const { refused, noted } = verdict;
  const repaired = withoutRemoved(verdict.repaired);
  if (refused.length > 0) return refusal(refused as [Problem, ...Problem[]]);
  if (noted.length > 0) note(call, 'noticed', noted);
  if (repaired.length === 0) return null;
  const mended = mend(
    bytes,
    repaired.flatMap(({ repair }) => repair ?? []),
  );
  const { problems, parsed } = look(mended);
  const left = problems.filter(({ novel }) => !novel);
  if (parsed === null || left.length > 0)
    return refusal((left.length > 0 ? left : repaired) as [Problem, ...Problem[]]);
  call.body = mended;
  call.parsed = parsed;
  note(call, 'repaired', repaired);
  const names = new Set(repaired.map(({ repair }) => repair?.name));
  call.told = [...call.told, 'x-holdfast-repaired', [...names].join(', ')];
  return null;
}

/** A field that is removed needs no other repair. */
function withoutRemoved(problems: readonly Problem[]): readonly Problem[] {
  if (problems.length < 2) return problems;
  const removed = new Set(problems.flatMap(({ repair }) => (repair?.change === 'remove' ? paramOf(repair.path) : [])));
  return problems.filter(({ repair }) => repair?.change === 'remove' || !removed.has(paramOf(repair?.path ?? [])));
}

function note(call: Call, what: 'noticed' | 'repaired', problems: readonly Problem[]): void {
  const notes = problems.map(({ rule, param, repair }) => {
    const name = what === 'repaired' ? (repair?.name ?? rule) : rule;
    return param === null ? `${what} ${name}` : `${what} ${name}: ${param}`;
  });
  call.notes = [...call.notes, ...new Set(notes)].slice(0, MOST_NOTES);
}
