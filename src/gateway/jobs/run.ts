import type { Call } from '../../engine/call.ts';
import { ANYONE } from '../../engine/caller.ts';
import { Cancellation } from '../../engine/cancellation.ts';
import { faultOf } from '../../engine/fault/index.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import type { Handler } from '../../engine/route.ts';
import type { Attempted } from '../../jobs/outcome.ts';
import type { ClaimedJob } from '../../jobs/queue.ts';
import type { RunJob } from '../../jobs/runner.ts';
import type { Directory } from '../../tenants/directory.ts';
import { openGuest } from '../../tenants/holder.ts';
import { type CallDeps, makeCall } from './call.ts';
import { defective, keepReply } from './kept.ts';

export interface RunDeps extends CallDeps {
  readonly handle: Handler;
  readonly directory: Directory;
  /** Other gateways work the same queue, and may know keys that this one does not. */
  readonly shared: boolean;
  /** Largest answer that is kept. */
  readonly mostBytes: number;
  /** Calls that are made here are put into it. */
  readonly own: WeakSet<Call>;
}

/** A job can wait for room in its tenant's quotas: nobody sits in front of it. */
const QUEUE_MS = 60_000;

/** Runs a job as the call that it is, for whoever asked for it, past everything that every call passes. */
export function runsJobs(deps: RunDeps): RunJob {
  const anybody = openGuest(ANYONE);
  return async (claimed, onStop) => {
    const { clock, directory, own, handle, mostBytes } = deps;
    const { job, request, keyId } = claimed;
    const cancellation = new Cancellation();
    onStop((reason) => cancellation.cancel(reason));
    const now = clock.wall();
    const call = makeCall(
      {
        ...request,
        headers: { 'x-holdfast-lane': 'background', ...request.headers },
        guest: keyId === null ? anybody : (directory.holderOfKey(keyId, now) ?? keyGone(keyId, deps)),
        patienceMs: job.deadlineAt === null ? null : Math.max(1, job.deadlineAt - now),
        queueMs: QUEUE_MS,
        cancellation,
        notes: [`job: ${job.id}`],
      },
      deps,
    );
    own.add(call);
    try {
      const attempted = await keepReply(call, await handle(call), clock, mostBytes);
      return isStopgap(call, claimed) ? asFault(attempted, call) : attempted;
    } catch (error) {
      return defective(call, error, clock);
    }
  };
}

function keyGone(keyId: string, { directory, shared }: RunDeps): Fault {
  // A key that was never heard of here is perhaps another gateway's: it is left to that one.
  const elsewhere = shared && directory.tenantOfKey(keyId) === null;
  return faultOf('authentication', {
    party: 'caller',
    message: 'the key that the job was asked for with does not work any more',
    remedy: 'Ask for it again with a key that does.',
    status: 401,
    code: 'revoked_api_key',
    elsewhere,
  });
}

/** A fixed sentence or an old answer is for those who cannot wait; a job can, while it has attempts left. */
function isStopgap(call: Call, { job }: ClaimedJob): boolean {
  if (job.attempts >= job.maxAttempts) return false;
  return call.notes.some((note) => /^degraded: (?:canned|stale)\b/.test(note));
}

function asFault(attempted: Attempted, call: Call): Attempted {
  const fault = call.attempts.at(-1)?.fault ?? faultOf('unavailable');
  return { ...attempted, fault: { ...fault, retry: { ...fault.retry, elsewhere: true } } };
}
