import { chatBody, startSimulator, traffic } from '../../simulator/index.ts';
import type { PlannedCall } from '../../simulator/index.ts';
import { phaseAt } from './sky.ts';

/** The model both sides ask for; the simulators' words do not depend on it. */
const MODEL = 'gpt-4o';

/**
 * Real conversations are longer than a demo of a minute on two cores can carry twice: prompts are made ten times and
 * answers five times shorter. At least ten tokens, so that an answer has a middle to be cut in.
 */
const SHORTER = { prompt: 10, output: 5, leastOutput: 10 } as const;

/** How many reference answers are asked for at once. */
const REFERENCE_CALLS = 8;

/** One call of the demo, the same for both sides. */
export interface DemoCall {
  /** When it is made, ms after the start. */
  readonly atMs: number;
  /** Place in the list of phases. */
  readonly phase: number;
  readonly stream: boolean;
  readonly prompt: string;
  readonly model: string;
  /** The whole text that a provider in good health answers. */
  readonly expected: string;
}

export interface PlanOptions {
  readonly seed: number;
  readonly calls: number;
  readonly lengthMs: number;
}

/**
 * The calls of the demo: arrivals and lengths as in measured conversations, seven of ten streamed, the same for the same
 * seed. What each should be answered is asked of a simulator without weather, which has the same words for the same seed.
 */
export async function planCalls({ seed, calls, lengthMs }: PlanOptions): Promise<DemoCall[]> {
  const drawn: PlannedCall[] = [];
  for (const call of traffic({ seed, callsPerSecond: 1 })) {
    if (drawn.push(call) > calls) break;
  }
  // One arrival too many marks the end: a Poisson stream of so many calls, stretched to the length of the demo.
  const stretch = lengthMs / (drawn.pop()?.atMs ?? 1);
  const shortened = drawn.map((call) => ({ ...shorten(call), atMs: call.atMs * stretch }));
  const reference = await startSimulator({ seed, speed: 0, rememberedRequests: 0 });
  try {
    const planned: DemoCall[] = [];
    for (let from = 0; from < shortened.length; from += REFERENCE_CALLS) {
      const some = shortened.slice(from, from + REFERENCE_CALLS);
      planned.push(...(await Promise.all(some.map((call) => plan(call, lengthMs, reference.url)))));
    }
    return planned;
  } finally {
    await reference.close();
  }
}

function shorten(call: PlannedCall): PlannedCall {
  return {
    ...call,
    promptTokens: Math.ceil(call.promptTokens / SHORTER.prompt),
    outputTokens: Math.max(SHORTER.leastOutput, Math.round(call.outputTokens / SHORTER.output)),
  };
}

async function plan(call: PlannedCall, lengthMs: number, reference: string): Promise<DemoCall> {
  const { messages } = chatBody(call, MODEL) as { messages: [{ content: string }] };
  const prompt = messages[0].content;
  const response = await fetch(`${reference}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-reference', 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, messages }),
  });
  if (!response.ok) throw new Error(`the reference simulator answered ${response.status} to a call of the demo`);
  const { choices } = (await response.json()) as { choices: [{ message: { content: string } }] };
  return {
    atMs: call.atMs,
    phase: phaseAt(call.atMs, lengthMs),
    stream: call.stream,
    prompt,
    model: MODEL,
    expected: choices[0].message.content,
  };
}
