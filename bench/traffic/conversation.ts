/** What the upstream is asked to do; carried in the model's name, because that survives every gateway. */
export type Manner = 'whole' | 'burst' | 'paced' | 'idle';

/** Chunks of a stream, the one with the usage included. */
export const CHUNKS = 50;

/** Time between two chunks of a paced stream, ms: fifty tokens a second, as fast as hosted models speak. */
export const CHUNK_EVERY_MS = 20;

export const MODEL_PREFIX = 'bench-';

const SYSTEM =
  'You are the assistant of an online shop. Answer in the language of the customer, briefly, and never invent an order.';

const WORDS =
  'order parcel refund "express" delivery Thursday warehouse invoice customer café naïve 12.50€ tracking number label please because ' +
  'when the our it was not yet two of them arrived broken, which I noticed only after opening; could you check whether (as promised) ' +
  'a replacement is on its way? Thanks. address changed since last week and the bell does not ring:\n- first floor\n- left door';

/** A chat request's body of `bytes` bytes, give or take a word: a conversation of many turns, always the same. */
export function conversation(bytes: number, manner: Manner): string {
  const words = WORDS.split(' ');
  const stream = manner !== 'whole';
  const messages = [{ role: 'system', content: SYSTEM }];
  const request = {
    model: `${MODEL_PREFIX}${manner}`,
    messages,
    temperature: 0.7,
    max_tokens: 256,
    ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
  };
  let seed = 1;
  let left = bytes - Buffer.byteLength(JSON.stringify(request));
  while (left > 60) {
    const message = { role: messages.length % 2 === 1 ? 'user' : 'assistant', content: '' };
    const turn = Math.min(left, 1200);
    for (let used = 0; used < turn - 50;) {
      // A small linear congruential generator: the words vary as those of prose do, and the same in every run.
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      message.content += `${words[seed % words.length]} `;
      used = Buffer.byteLength(JSON.stringify(message));
    }
    messages.push(message);
    left = bytes - Buffer.byteLength(JSON.stringify(request));
  }
  return JSON.stringify(request);
}

const COMMON = { created: 1_790_000_000, model: 'gpt-4o-mini-2024-07-18', system_fingerprint: 'fp_0123456789' };
const USAGE = { prompt_tokens: 211, completion_tokens: CHUNKS, total_tokens: 211 + CHUNKS };

/** The upstream's answer to a call that does not stream: 470 bytes or so. */
export function wholeAnswer(): string {
  const content =
    'Your replacement left our warehouse this morning. You will get the tracking number by mail within the hour, and the parcel on Thursday.';
  return JSON.stringify({
    id: 'chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012',
    object: 'chat.completion',
    ...COMMON,
    choices: [
      { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: USAGE,
  });
}

/** The events of a stream, {@link CHUNKS} of them; the first carries content, the last one the end. */
export function streamedAnswer(): string[] {
  const event = (rest: object): string =>
    `data: ${JSON.stringify({ id: 'chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012', object: 'chat.completion.chunk', ...COMMON, ...rest })}\n\n`;
  const choice = (delta: object, reason: string | null): object => ({
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
  });
  const first = event(choice({ role: 'assistant', content: 'Your' }, null));
  const middle = Array.from({ length: CHUNKS - 3 }, (_, index) => event(choice({ content: ` word${index}` }, null)));
  const stop = event(choice({}, 'stop'));
  return [first, ...middle, stop, `${event({ choices: [], usage: USAGE })}data: [DONE]\n\n`];
}
