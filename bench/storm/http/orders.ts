import type { Weather } from '../../../src/simulator/weather.ts';

/** A provider to be opened: a simulator on a port of its own. */
export interface ProviderFacts {
  /** Calls worked on at once; null for any number. */
  readonly workers: number | null;
  /** How long an answer takes, ms. */
  readonly answerMs: number;
  readonly weather: Weather | null;
}

/** What the process of the providers is told: to open some, and then to let a scene begin and tell of it when it is over. */
export type ProvidersOrder =
  | { readonly kind: 'open'; readonly providers: readonly ProviderFacts[] }
  | { readonly kind: 'watch'; readonly span: Span };

/** When a scene begins, ms since 1970, and how long it is watched, ms. */
export interface Span {
  readonly beginsAt: number;
  readonly forMs: number;
}

export interface PortsReport {
  readonly ports: readonly number[];
}

export interface ProvidersReport {
  /** For each provider, when requests came, ms after the beginning. */
  readonly requests: readonly (readonly number[])[];
  readonly heldUpMs: number;
}

/** One client and the traffic it carries. */
export interface CallersFacts {
  readonly client: string;
  /** Of the provider, or of the gateway before it. */
  readonly port: number;
  readonly callsPerSecond: number;
  /** How long calls arrive, ms. */
  readonly forMs: number;
  readonly deadlineMs: number | null;
  /** How long one attempt may take, ms. */
  readonly attemptMs: number;
}

export interface CallersOrder {
  readonly seed: number;
  readonly span: Span;
  readonly callers: readonly CallersFacts[];
}

/** What became of one call, in ms after the beginning. */
export interface Ending {
  readonly at: number;
  readonly endedAt: number;
  readonly answered: boolean;
}

export interface CallersReport {
  readonly endings: readonly (readonly Ending[])[];
  readonly heldUpMs: number;
}
