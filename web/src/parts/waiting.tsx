import type { JSX } from 'preact';
import { get } from '../api.ts';
import { count, duration, many } from '../format.ts';
import { type Loaded, useResource } from '../resource.ts';
import { type Queue, readQueue, type Waiting } from '../shapes/queue.ts';

/** Who waits changes by the second. */
const EVERY_MS = 2_000;

export function useQueue(): Loaded<Queue> {
  return useResource('/queue', (signal) => get('/queue', readQueue, signal), { everyMs: EVERY_MS });
}

/** How many calls of a tenant wait now, what for and since when. */
export function WaitingNow({
  queue,
  tenant,
}: {
  readonly queue: Queue | null;
  readonly tenant: string | null;
}): JSX.Element {
  if (queue === null) return <span class="quiet">–</span>;
  const found = queue.tenants.find((one) => one.tenant === tenant);
  if (found === undefined) return <span class="quiet">0</span>;
  return (
    <>
      <span class="strong worn">{count(found.waiting)}</span>
      <span class="under">{whatFor(found)}</span>
    </>
  );
}

/** What they wait for, in words. */
export function whatFor({ atTargets, atLimits, background, longestMs }: Waiting): string {
  const parts = [
    atTargets > 0 ? `${count(atTargets)} for a target` : null,
    atLimits > 0 ? `${count(atLimits)} for its own limits` : null,
    background > 0 ? `${count(background)} of them in the background` : null,
  ].filter((part) => part !== null);
  return `${parts.join(', ')}; since ${duration(longestMs)}`;
}

/** All that wait, and those of them that no row can tell of. */
export function QueueWords({ queue }: { readonly queue: Queue | null }): JSX.Element | null {
  if (queue === null || queue.waiting === 0) return null;
  const nobodys = queue.tenants.find(({ tenant }) => tenant === null);
  return (
    <span class="small quiet" role="status">
      {many(queue.waiting, 'call')} wait now
      {nobodys === undefined ? '' : `, ${count(nobodys.waiting)} without a tenant`}
    </span>
  );
}
