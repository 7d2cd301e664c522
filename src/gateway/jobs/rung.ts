import type { Call } from '../../engine/call.ts';
import type { DegradedAnswer, DegradedPolicy, DegradedRung } from '../../engine/degraded.ts';
import { GivenStream } from '../../engine/degraded.ts';
import { NO_USAGE } from '../../engine/ports.ts';
import type { JobHouse } from './house.ts';
import { placeholder } from './shown.ts';

/** The rung on which a call that nobody can answer now goes on as a job. */
export function jobRung(
  { on, retryAfterMs }: DegradedPolicy & { readonly rung: 'job' },
  house: () => JobHouse,
): DegradedRung {
  return { name: 'job', on, answer };

  async function answer(call: Call): Promise<DegradedAnswer | null> {
    const jobs = house();
    // A job that cannot be answered now waits for its next attempt; it does not become another.
    if (jobs.isOwn(call) || !(call.body instanceof Uint8Array) || call.operation === 'passthrough') return null;
    const kept = await jobs.keep(call, { origin: 'ladder', restMs: retryAfterMs });
    // What cannot be kept is not promised: the next rung is asked, and in the end the fault is told.
    if (kept.kind === 'refused') return null;
    // Its caller made one call, which is over when the job is.
    jobs.goesOn(call.id);
    const { status, headers: list, body } = placeholder(kept.job, [], call.stream);
    const headers: Record<string, string> = {};
    for (let at = 0; at + 1 < list.length; at += 2) headers[list[at] as string] = list[at + 1] as string;
    headers['retry-after'] = String(Math.ceil(retryAfterMs / 1000));
    const detail = `id=${kept.job.id}`;
    if (!call.stream)
      return { reply: { kind: 'whole', status, headers, body, usage: NO_USAGE, fault: null, free: true }, detail };
    return { reply: { kind: 'stream', status, headers, stream: new GivenStream(body), free: true }, detail };
  }
}
