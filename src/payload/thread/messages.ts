import type { FitReport } from '../../engine/fitting.ts';
import type { RoomRules } from '../fit/room.ts';
import type { Estimate } from '../fit/window-estimates.ts';
import type { Shrinking } from '../fit/fitter.ts';
import type { PromptOperation } from '../prompt/prompt-wire.ts';
import type { PromptCount } from '../tokens/count.ts';

/** A prompt to be counted. */
export interface CountQuestion {
  readonly kind: 'count';
  /** A request as the API takes it, or a text alone. */
  readonly what: { readonly body: Uint8Array } | { readonly text: string };
  /** Null: the model that the request names. */
  readonly model: string | null;
}

/** A prompt to be made to fit. */
export interface FitQuestion {
  readonly kind: 'fit';
  readonly body: Uint8Array;
  readonly operation: PromptOperation;
  readonly model: string;
  readonly estimate: Estimate;
  readonly rules: RoomRules;
  /** What may be done, in order; empty: it is only weighed. */
  readonly strategies: readonly Shrinking[];
  /** The most tokens that the summariser is given to read at once. */
  readonly chunkTokens: number;
  /** Whose summaries these are: nothing is shared between scopes. */
  readonly scope: string;
}

/** How a prompt stands to its model; tokens are the model's own. */
interface Weighing {
  readonly tokens: number;
  /** The most tokens that it may have. */
  readonly room: number;
  /** Tokens that the request asks for as its answer; null when it does not say. */
  readonly output: number | null;
  /** The prompt holds what cannot be counted here: files, sounds, pictures, or what only the provider keeps. */
  readonly uncounted: boolean;
}

export type FitAnswer =
  | (Weighing & { readonly kind: 'fits' })
  | (Weighing & { readonly kind: 'fitted'; readonly body: Uint8Array; readonly report: FitReport })
  | (Weighing & { readonly kind: 'refused'; readonly why: readonly string[] });

export type Question = CountQuestion | FitQuestion;

/** What is answered to each kind of question. */
export interface Answers {
  readonly count: PromptCount;
  readonly fit: FitAnswer;
}

export type ToPayloadWorker =
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  /** What came of a text that the worker wanted summed up; null: nothing, for the reason given. */
  | { readonly kind: 'summary'; readonly textId: number; readonly summary: string | null; readonly reason: string };

export type FromPayloadWorker =
  /** Each question has one answer, or one failure. */
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answers[keyof Answers] }
  | {
      readonly kind: 'failure';
      readonly id: number;
      readonly reason: string;
      /** What was sent is at fault, and not the thread. */
      readonly unreadable: boolean;
    }
  /** A text to be summed up for the question of this id. */
  | { readonly kind: 'sum-up'; readonly id: number; readonly textId: number; readonly text: string };
