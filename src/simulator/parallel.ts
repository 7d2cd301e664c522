import { generate } from './generation.ts';
import type { Choice, GenerationRequest } from './generation.ts';
import type { Received, Upstream } from './upstream.ts';

/** A choice that may call several tools at once. */
export interface Spoken extends Choice {
  /** The calls beside the first. */
  readonly more: readonly Choice[];
}

/** What is said to a request; a user who says so gets a call of every tool at once. */
export function speak(request: GenerationRequest, parallel: boolean, received: Received, upstream: Upstream): Spoken[] {
  const [first, ...more] = parallel ? callsOfAll(request, received, upstream) : [];
  if (first === undefined) return generate(request, received, upstream).map((choice) => ({ ...choice, more: [] }));
  const outputTokens = more.reduce((sum, call) => sum + call.pieces.length, first.outputTokens);
  return [{ ...first, more, outputTokens }];
}

/** A call of every tool, in order; none unless the user asks for just that. */
export function callsOfAll(request: GenerationRequest, received: Received, upstream: Upstream): Choice[] {
  const { tools, toolChoice, prompt } = request;
  const free = toolChoice === undefined || toolChoice === null || toolChoice === 'auto' || toolChoice === 'required';
  if (tools.length === 0 || !free || !/\buse (?:all|every) tools?\b/i.test(prompt.lastUser)) return [];
  return tools.flatMap((tool, index) =>
    generate({ ...request, choices: 1, toolChoice: tool }, received, upstream).map((choice) => numbered(choice, index)),
  );
}

/** Tools of one shape are called alike, but each call has an id of its own. */
function numbered(choice: Choice, index: number): Choice {
  const { answer } = choice;
  if (answer.kind === 'text' || index === 0) return choice;
  const number = index.toString(16).padStart(2, '0');
  return { ...choice, answer: { ...answer, id: answer.id.slice(0, -number.length) + number } };
}
