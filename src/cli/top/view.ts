// What is watched, as far as it is shown, in the words of the admin API.

export interface Verdict {
  readonly tone: 'harm' | 'worn' | 'well' | 'unknown';
  readonly sentence: string;
  readonly detail: string;
}

interface Halves {
  readonly p50: number;
  readonly p95: number;
}

type Steps = readonly (number | null)[];

export interface Overview {
  readonly total: {
    readonly calls: number;
    readonly answered: number;
    readonly failed: number;
    readonly interrupted: number;
    readonly retries: number;
    readonly fallbacks: number;
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly cost: number;
    readonly wastedCost: number;
    readonly firstContentMs: Halves | null;
    readonly faults: readonly {
      readonly kind: string;
      readonly party: string;
      readonly calls: number;
      readonly attempts: number;
    }[];
  };
  readonly series: { readonly calls: Steps; readonly failed: Steps };
}

export interface Matrix {
  readonly targets: readonly {
    readonly id: string;
    readonly breaker: 'closed' | 'open' | 'half-open';
    readonly waiting: number;
  }[];
  readonly cells: readonly {
    readonly target: string;
    readonly model: string | null;
    readonly attempts: number;
    readonly errors: number;
    readonly share: number | null;
    readonly firstContentMs: Halves | null;
  }[];
}

/** What happened within the last second. */
export interface Frame {
  readonly seconds: number;
  readonly calls: number;
  readonly failed: number;
  readonly interrupted: number;
  readonly inFlight: number;
  readonly firstContentMs: Halves | null;
}

/** Everything on the screen. */
export interface View {
  readonly at: number;
  /** The gateway's address. */
  readonly root: string;
  readonly verdict: Verdict;
  readonly overview: Overview;
  readonly matrix: Matrix;
  readonly frame: Frame | null;
  /** Why what is shown may be old; null: it is not. */
  readonly trouble: string | null;
}
