import type { PromptCount } from '../tokens/count.ts';

/** What the thread is asked. */
export type Question = {
  readonly kind: 'count';
  /** A request as the API takes it, or a text alone. */
  readonly what: { readonly body: Uint8Array } | { readonly text: string };
  /** Null: the model that the request names. */
  readonly model: string | null;
};

/** What it answers to each kind of question. */
export interface Answers {
  readonly count: PromptCount;
}

export type ToPayloadWorker = { readonly id: number; readonly question: Question };

/** Each question has one answer. */
export type FromPayloadWorker =
  | { readonly id: number; readonly answer: Answers[keyof Answers] }
  | {
      readonly id: number;
      readonly failure: string;
      /** What was sent is at fault, and not the thread. */
      readonly unreadable: boolean;
    };
