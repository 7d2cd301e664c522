import type { ServerResponse } from 'node:http';
import { hasEnded, type Job } from '../../jobs/job.ts';
import type { JobHouse } from './house.ts';
import { endingTold, eventTold, jobTold } from './shown.ts';

/** A comment is sent after this long without news, ms: proxies close what is silent. */
const SIGN_OF_LIFE_MS = 15_000;

interface Following {
  readonly house: JobHouse;
  readonly owner: string;
  readonly id: string;
  /** The last event that the follower has (`Last-Event-ID`). */
  readonly seen: number;
}

/**
 * Tells what becomes of a job as server-sent events, numbered from 1: whoever lost the connection says with `Last-Event-ID` how far
 * it had come, and misses nothing. The last event has the answer, and ends the stream.
 */
export async function followJob(response: ServerResponse, { house, owner, id, seen }: Following): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-holdfast-job': id,
  });
  response.flushHeaders();
  let last = seen;
  while (!response.destroyed) {
    const job = await house.watch.next({ owner, id }, last, SIGN_OF_LIFE_MS, () => response.destroyed);
    if (job === null) break;
    const news = job.history.filter(({ seq }) => seq > last);
    for (const event of news) {
      const isLast = event === job.history.at(-1) && hasEnded(job.status);
      const told = { ...eventTold(event, id), ...(isLast ? { job: await ending(house, owner, job) } : {}) };
      response.write(`id: ${event.seq}\nevent: ${event.status}\ndata: ${JSON.stringify(told)}\n\n`);
      last = event.seq;
    }
    if (hasEnded(job.status)) break;
    if (news.length === 0) response.write(': still here\n\n');
  }
  response.end();
}

async function ending(house: JobHouse, owner: string, job: Job): Promise<object> {
  if (job.answerStatus === null) return jobTold(job);
  return endingTold(job, await house.queue.answer({ owner, id: job.id }));
}
