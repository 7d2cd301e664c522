import type { Fault } from '../../engine/fault/fault.ts';
import type { Reply } from '../../engine/reply.ts';
import type { KeptAnswer } from '../../jobs/job.ts';

/** What a call came to: the line's reply, or something that is all there. */
export type Given =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'kept'; readonly answer: KeptAnswer };

export function failed(fault: Fault): Given {
  return { kind: 'reply', reply: { kind: 'failed', fault, retryAfterMs: fault.retry.afterMs } };
}
