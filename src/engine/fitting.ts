/** What was done to a prompt so that it fits its model. */
export interface FitReport {
  readonly how: 'trim' | 'summarise';
  /** Tokens before and after, as far as they can be counted here. */
  readonly before: number;
  readonly after: number;
  /** Messages left out. */
  readonly dropped: number;
  /** Messages with shortened texts or without their pictures. */
  readonly shortened: number;
  /** Messages that a summary stands for. */
  readonly summarised: number;
}
