import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenAI } from 'openai';
import type { DemoCall } from './plan.ts';

/** How an application reaches its provider. */
export interface Connection {
  /** A client of the official SDK that sends through the given `fetch`. */
  readonly connect: (through: typeof fetch) => OpenAI;
  readonly fetch: typeof fetch;
}

/** How long the application waits before it asks again, ms: about as fast as a person presses the button again. */
const ASK_AGAIN_AFTER_MS = 1000;

/** Twice more, as the SDK does for a request that fails; a stream that breaks while it is read no SDK asks for again. */
const ASKED_AT_MOST = 3;

/** What the application knows of a call when it is over, and what it cost. */
export interface Ending {
  /**
   * `answered`: the whole text, without an error. `failed`: an error was raised, each time it asked. `wrong`: no
   * error was raised and the text is not the whole text.
   */
  readonly kind: 'answered' | 'failed' | 'wrong';
  /** HTTP requests to a provider, those that no connection could be had for included. */
  readonly attempts: number;
  readonly askedAgain: boolean;
  /** From the first request until the answer or the last error, ms. */
  readonly ms: number;
  /** Class of the error that was raised last; null when the call ended without one. */
  readonly error: string | null;
}

/**
 * The application of the demo, the same code on both sides: it wants the finished text, streamed or not, and asks again,
 * twice at most, when it gets an error instead.
 *
 * @returns null when the signal ended it first
 */
export async function ask(connection: Connection, call: DemoCall, signal: AbortSignal): Promise<Ending | null> {
  const startedAt = performance.now();
  let attempts = 0;
  const client = connection.connect(counting(connection.fetch, (made) => (attempts += made)));
  for (let asked = 1; ; asked += 1) {
    const heard = await hear(client, call, signal);
    if (signal.aborted) return null;
    if (heard.error === null || asked === ASKED_AT_MOST) {
      const kind = heard.error !== null ? 'failed' : heard.text === call.expected ? 'answered' : 'wrong';
      return { kind, attempts, askedAgain: asked > 1, ms: performance.now() - startedAt, error: heard.error };
    }
    await sleep(ASK_AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
  }
}

interface Heard {
  readonly text: string;
  readonly error: string | null;
}

async function hear(client: OpenAI, call: DemoCall, signal: AbortSignal): Promise<Heard> {
  try {
    return { text: await finishedText(client, call, signal), error: null };
  } catch (error) {
    return { text: '', error: error instanceof Error ? error.constructor.name : typeof error };
  }
}

async function finishedText(client: OpenAI, call: DemoCall, signal: AbortSignal): Promise<string> {
  const { model, prompt, stream } = call;
  const messages = [{ role: 'user' as const, content: prompt }];
  if (!stream) {
    const completion = await client.chat.completions.create({ model, messages }, { signal });
    return completion.choices[0]?.message.content ?? '';
  }
  let text = '';
  for await (const chunk of await client.chat.completions.create({ model, messages, stream }, { signal })) {
    text += chunk.choices[0]?.delta.content ?? '';
  }
  return text;
}

/** Holdfast says in a header how many requests it made of one; without Holdfast, one is one. */
function counting(through: typeof fetch, count: (made: number) => void): typeof fetch {
  return async (input, init) => {
    try {
      const response = await through(input, init);
      count(Number(response.headers.get('x-holdfast-attempts') ?? 1));
      return response;
    } catch (error) {
      count(1);
      throw error;
    }
  };
}
