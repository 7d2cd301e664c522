import type { OpenAI } from 'openai';

/** The ways of asking that the tests go through: two wires, each whole and streamed. */
export const ASKINGS = ['chat', 'chat stream', 'responses', 'responses stream'] as const;
export type Asking = (typeof ASKINGS)[number];

/** What a caller has in hand when the answer, or the attempt at one, is over. */
export class Heard {
  text = '';
  /** `stop`, `completed`, ...; null as long as nobody has said that the answer is over. */
  finish: string | null = null;
  /** Pieces of a stream that had something to say. */
  pieces = 0;
}

export interface Question {
  readonly model?: string;
  /** The simulator answers `Say: x` with x, token by token. */
  readonly say?: string;
  readonly signal?: AbortSignal;
  /** Told of every piece of a stream. */
  readonly onPiece?: (heard: Heard) => void;
}

export const SAYING = 'the kelp holds fast to the rock while the storm passes over 海藻 and the boats wait';

/**
 * Asks through the official SDK and listens to the end.
 *
 * @param heard filled as the answer arrives, so that it tells what was heard before an error too.
 */
export async function ask(
  client: OpenAI,
  how: Asking,
  question: Question = {},
  heard: Heard = new Heard(),
): Promise<Heard> {
  const { model = 'gpt-4o', say = SAYING, signal, onPiece = () => undefined } = question;
  const options = signal === undefined ? {} : { signal };
  const messages = [{ role: 'user' as const, content: `Say: ${say}` }];
  const input = `Say: ${say}`;
  switch (how) {
    case 'chat': {
      const completion = await client.chat.completions.create({ model, messages }, options);
      heard.text = completion.choices[0]?.message.content ?? '';
      heard.finish = completion.choices[0]?.finish_reason ?? null;
      break;
    }
    case 'chat stream':
      for await (const chunk of await client.chat.completions.create({ model, messages, stream: true }, options)) {
        const [choice] = chunk.choices;
        heard.finish = choice?.finish_reason ?? heard.finish;
        if (choice?.delta.content) add(heard, choice.delta.content, onPiece);
      }
      break;
    case 'responses': {
      const response = await client.responses.create({ model, input }, options);
      heard.text = response.output_text;
      heard.finish = response.status ?? null;
      break;
    }
    case 'responses stream':
      for await (const event of await client.responses.create({ model, input, stream: true }, options)) {
        if (event.type === 'response.output_text.delta') add(heard, event.delta, onPiece);
        if (event.type === 'response.completed' || event.type === 'response.incomplete') {
          heard.finish = event.response.status ?? null;
        }
      }
  }
  return heard;
}

function add(heard: Heard, text: string, onPiece: (heard: Heard) => void): void {
  heard.text += text;
  heard.pieces += 1;
  onPiece(heard);
}
