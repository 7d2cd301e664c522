import type { Call } from './call.ts';
import type { Fault } from './fault/fault.ts';
import type { Candidate, PlanRules } from './plan.ts';

/**
 * What may be done with a prompt that is too long for its model. `refuse`: nothing, the caller is told; `trim`: long texts
 * are shortened and old turns left out; `summarise`: a model sums old turns up; `larger-window`: another model of the ladder
 * takes it as it is.
 */
export type FitStrategy = 'refuse' | 'trim' | 'summarise' | 'larger-window';

/** How the prompts of a route are made to fit. */
export interface FitPolicy {
  /** Tried in order; what comes after `refuse` is never reached. */
  readonly strategies: readonly FitStrategy[];
  /** Most tokens of a prompt, whatever its model would take; null: as many as it takes. */
  readonly ceilingTokens: number | null;
  /** Tokens kept for the answer of a request that does not say how long it may be. */
  readonly reserveTokens: number;
  /** Who sums up; null: nobody. */
  readonly summariser: {
    /** Id of the target to ask; null: as the route for the model says. */
    readonly target: string | null;
    readonly model: string;
  } | null;
}

/** What was done to a prompt so that it fits its model. */
export interface FitReport {
  readonly how: Exclude<FitStrategy, 'refuse'>;
  /** Tokens before and after, as the model counts them, as far as they can be counted here. */
  readonly before: number;
  readonly after: number;
  /** Messages left out. */
  readonly dropped: number;
  /** Messages with shortened texts or without their pictures. */
  readonly shortened: number;
  /** Messages that a summary stands for. */
  readonly summarised: number;
}

/** Makes prompts fit; the engine decides when, others know how. */
export interface Fitting {
  /**
   * Looks at a call whose turn has come; cheap, since nearly every prompt fits.
   * @returns null when its prompt fits every model of the ladder beyond doubt, and goes as it is.
   */
  begin(call: Call, ladder: PlanRules['ladder']): FittedCall | null;
  /**
   * Learns from a candidate's refusal of the prompt as too long.
   * @returns how to go on; null when the same would be sent again.
   */
  refused(call: Call, ladder: PlanRules['ladder'], candidate: Candidate, fault: Fault): Promise<FittedCall | null>;
}

/** A call whose prompt may not fit. */
export interface FittedCall {
  /** The ladder in the order in which it is to be tried, or why no rung of it will do. */
  ladder(): Promise<Arrangement>;
  /** What to send to a candidate. */
  bodyFor(candidate: Candidate): Promise<Fit>;
}

export type Arrangement =
  | { readonly kind: 'ladder'; readonly ladder: PlanRules['ladder'] }
  | { readonly kind: 'refused'; readonly fault: Fault };

export type Fit =
  /** `body` null: as the caller wrote it. `report` null: nothing was done. */
  | { readonly kind: 'body'; readonly body: Uint8Array | null; readonly report: FitReport | null }
  | { readonly kind: 'refused'; readonly fault: Fault };

/**
 * Tells the caller and the record what was done to the prompt of the attempt that is about to be made, in place of what was
 * told of the one before.
 */
export function tellFit(call: Call, report: FitReport | null): void {
  const told = call.told.indexOf(FIT_HEADER);
  if (told >= 0) call.told = call.told.toSpliced(told, 2);
  if (told >= 0 || report !== null) call.notes = call.notes.filter((note) => !note.startsWith('fit: '));
  if (report === null) return;
  const { how, before, after, dropped, shortened, summarised } = report;
  const counts = Object.entries({ dropped, shortened, summarised }).filter(([, count]) => count > 0);
  call.told = [
    ...call.told,
    FIT_HEADER,
    [how, `before=${before}`, `after=${after}`, ...counts.map(([name, count]) => `${name}=${count}`)].join('; '),
  ];
  const more = counts.map(([name, count]) => `, ${count} ${name}`).join('');
  call.notes = [...call.notes, `fit: ${how} ${before}>${after}${more}`];
}

const FIT_HEADER = 'x-holdfast-fit';
