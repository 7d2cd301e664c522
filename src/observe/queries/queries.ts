import type { StoredCall } from '../call-row.ts';
import type { CostBy, Costs } from './costs.ts';
import type { FaultGroups } from './faults.ts';
import type { Matrix } from './matrix.ts';
import type { Overview } from './overview.ts';
import type { CallSearch, FoundCalls } from './search.ts';

/** Which calls; what is left out does not restrict. */
export interface Group {
  readonly tenant?: string | undefined;
  readonly workload?: string | undefined;
  readonly route?: string | undefined;
  /** Asked for by calls, sent by attempts. */
  readonly model?: string | undefined;
  readonly target?: string | undefined;
}

/** From when to when, ms since 1970. */
export interface Range {
  /** @default an hour before the end */
  readonly from?: number | undefined;
  /** Exclusive. @default now */
  readonly to?: number | undefined;
}

export interface Stepped extends Range, Group {
  /** Length of a step, ms: whole minutes. @default such that there are about a hundred */
  readonly step?: number | undefined;
}

/** Everything that can be asked about the calls, and what comes back. Plain data both ways: it travels between threads. */
export interface Questions {
  readonly overview: { readonly asked: Stepped; readonly answer: Overview };
  readonly matrix: { readonly asked: Stepped; readonly answer: Matrix };
  readonly faults: { readonly asked: Stepped; readonly answer: FaultGroups };
  readonly costs: { readonly asked: Range & Group & { readonly by: CostBy }; readonly answer: Costs };
  readonly calls: { readonly asked: CallSearch; readonly answer: FoundCalls };
  readonly call: { readonly asked: { readonly id: string }; readonly answer: StoredCall | null };
}

export type Question = keyof Questions;

/** Answers questions about the calls, off the thread that carries them. */
export interface Queries {
  /** @throws {DatabaseError} the records cannot be read just now */
  ask<Name extends Question>(name: Name, asked: Questions[Name]['asked']): Promise<Questions[Name]['answer']>;
  close(): Promise<void>;
}
