import type { Fault } from '../../engine/fault/fault.ts';
import { faultOf } from '../../engine/fault/index.ts';

// Why something about a job is refused, in the words of OpenAI's own errors.

export function unknownJob(id: string): Fault {
  return faultOf('not-found', {
    message: `there is no job ${id.slice(0, 64)} here`,
    remedy:
      'Check the id, and that the key is of the tenant whose job it is; jobs are forgotten some time after their ending.',
    status: 404,
    code: 'job_not_found',
  });
}

export function unknownJobPath(path: string): Fault {
  return faultOf('not-found', {
    message: `there is nothing at /v1${path.slice(0, 200)} for this method`,
    remedy: 'See docs/jobs.md: POST and GET /v1/jobs; GET and DELETE /v1/jobs/ID; its result, events and cancel.',
    status: 404,
    code: 'unknown_url',
  });
}

export function badField(message: string, param: string | null, fix: string): Fault {
  return faultOf('invalid-request', { message, remedy: fix, param, code: 'invalid_value' });
}

export function unsignedWebhook(): Fault {
  return badField(
    'webhook: there is no secret yet to sign it with',
    'webhook',
    'Make one, once for the tenant: POST /v1/jobs/webhook-secret; it is shown in the answer, and never again.',
  );
}

/** @param why in the store's words */
export function tooManyJobs(why: string): Fault {
  return faultOf('rate-limit-requests', {
    party: 'caller',
    message: `no more jobs can be taken: ${why}`,
    remedy: 'Wait for jobs to end, cancel some, or have the limit raised (jobs.limits).',
    status: 429,
    code: 'too_many_jobs',
    afterMs: 10_000,
  });
}

const NOT_KEPT = 'jobs_unavailable';

/** Nothing may be promised that is not on disk. */
export function notKept(error: unknown): Fault {
  return faultOf('unavailable', {
    party: 'gateway',
    message: `nothing can be kept just now: ${error instanceof Error ? error.message : String(error)}`,
    remedy:
      'Come back in a moment, or make the call without a job or an idempotency key; tell whoever runs this gateway.',
    status: 503,
    code: NOT_KEPT,
    afterMs: 2_000,
  });
}

/** Whether a job may be on disk although its caller was told otherwise: the answer of the disk may have been lost. */
export function mayHaveKept({ party, code }: Fault): boolean {
  return party === 'gateway' && code === NOT_KEPT;
}

export function callersKeys(): Fault {
  return badField(
    'jobs cannot be run here: the target is called with a key that only its caller has, and keys of callers are not kept',
    null,
    'Make the call directly, or give the gateway a key of its own for the target.',
  );
}

export function withoutAnswer(
  status: 'cancelled' | 'expired' | 'dead' | 'failed' | 'succeeded',
  fault: Fault | null,
): Fault {
  if (fault !== null) return fault;
  return faultOf('conflict', {
    party: 'caller',
    message: `the job has no answer: it was ${status}`,
    remedy: 'Send it again if it is wanted after all.',
    status: 409,
    code: `job_${status}`,
  });
}

export function keyInUse(): Fault {
  return faultOf('conflict', {
    party: 'caller',
    message: 'a call with this Idempotency-Key is under way',
    remedy: 'Come back in a moment with the same key and the same request: the answer will be there.',
    status: 409,
    code: 'idempotency_key_in_use',
    here: true,
    afterMs: 1_000,
  });
}

export function keyMismatch(): Fault {
  return faultOf('invalid-request', {
    message: 'this Idempotency-Key was used for another request',
    remedy: 'Take a new key for each request; repeat a request with the very same body.',
    status: 422,
    code: 'idempotency_key_reused',
    param: 'Idempotency-Key',
  });
}

export function keyUnkept(): Fault {
  return faultOf('conflict', {
    party: 'caller',
    message: 'the call with this Idempotency-Key was made, and its answer was too large to be kept',
    remedy: 'Make the call under a new key if the answer is wanted again.',
    status: 409,
    code: 'idempotency_answer_not_kept',
  });
}

export function tooManyKeys(): Fault {
  return faultOf('rate-limit-requests', {
    party: 'caller',
    message: 'too many idempotency keys are kept for this tenant',
    remedy: 'Leave the key out where a call may be made twice, or have jobs.limits.keys raised.',
    status: 429,
    code: 'too_many_idempotency_keys',
    afterMs: 60_000,
  });
}
