import type { Call } from '../engine/call.ts';
import type { Clock } from '../engine/clock.ts';
import type { DegradedAnswer, DegradedPolicy, DegradedRung } from '../engine/degraded.ts';
import { type KeptAnswers, staleRung } from './kept-answers.ts';
import { bodyReply, textReply } from '../providers/given/given-reply.ts';

type Canned = DegradedPolicy & { readonly rung: 'canned' };
type JobPolicy = DegradedPolicy & { readonly rung: 'job' };

export interface RungDeps {
  readonly clock: Clock;
  /** Makes the rung that turns calls into jobs. @default there are no jobs here, and a route that wants them is an error */
  readonly jobRung?: ((policy: JobPolicy, route: string) => DegradedRung) | undefined;
}

/**
 * Brings a route's degraded rungs to life.
 *
 * @param answers where those of the route are kept; null: nowhere, as for routes without stale rungs
 * @throws {Error} the route ends in jobs, and there are none here
 */
export function degradedRungs(
  route: string,
  policies: readonly DegradedPolicy[],
  answers: KeptAnswers | null,
  deps: RungDeps,
): readonly DegradedRung[] {
  return policies.flatMap((policy) => {
    switch (policy.rung) {
      case 'stale':
        return answers === null ? [] : [staleRung(policy, answers)];
      case 'job':
        if (deps.jobRung !== undefined) return [deps.jobRung(policy, route)];
        throw new Error(`the ladder of route ${route} ends in a job, which needs a gateway that runs jobs`);
      case 'canned':
        return [cannedRung(policy, deps.clock)];
    }
  });
}

/** Says the same to everybody: at least an honest sentence. */
function cannedRung({ text, bodies, on }: Canned, clock: Clock): DegradedRung {
  return { name: 'canned', on, answer };

  function answer(call: Call): DegradedAnswer | null {
    const { operation } = call;
    const body = bodies[operation as keyof typeof bodies] ?? null;
    const reply = body !== null ? bodyReply(call, body) : text === null ? null : textReply(call, text, clock.wall());
    return reply === null ? null : { reply, detail: null };
  }
}
