import { ANYONE, type Caller } from '../../engine/caller.ts';

/** One call of the model world, before anybody has tried to have it answered. Times in ms of the virtual clock. */
export interface Order {
  /** Counted from 0, in order of arrival. */
  readonly id: number;
  readonly at: number;
  readonly stream: boolean;
  /** Length of the answer; every attempt at the call gets the same. */
  readonly tokens: number;
  /** When the caller stops waiting; infinite when it never does. */
  readonly deadlineAt: number;
  /** Who it is made for. */
  readonly caller: Caller;
  /** What a provider's token limit is charged for it: prompt and output cap, whatever the answer comes to. */
  readonly charged: number;
}

/** Of an order that nobody in particular makes. */
export const PLAIN: Pick<Order, 'caller' | 'charged'> = { caller: ANYONE, charged: 1 };

/** What became of an order, in the caller's eyes: `answered`, or the kind of fault it was told. */
export type Verdict = string;

export const ANSWERED: Verdict = 'answered';

/** Whoever makes the calls of a run: the engine, or another client to compare it with. */
export interface Client {
  /** Has one order answered, or not. Never rejects. */
  make(order: Order): Promise<Verdict>;
  /** Checks what has to be true when every call has ended. */
  close?(): void;
}
