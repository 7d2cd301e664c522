import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Call } from '../../engine/call.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import { hasEnded, type Job } from '../../jobs/job.ts';
import { newWebhookSecret } from '../../jobs/webhooks/sign.ts';
import type { Guest } from '../../tenants/holder.ts';
import { refuse } from '../answer.ts';
import { type BodyLimits, readBody } from '../body.ts';
import type { BodyRoom } from '../body-room.ts';
import { readJobAsks, waitAsked } from './asks.ts';
import { type CallDeps, makeCall } from './call.ts';
import { followJob } from './events.ts';
import { type AskedJob, readAskedJob, readAskedList } from './fields.ts';
import { failed, type Given } from './given.ts';
import { type JobHouse, ownerOf } from './house.ts';
import { giveKept } from './kept.ts';
import type { Once } from './once.ts';
import { badField, notKept, unknownJob, unknownJobPath, withoutAnswer } from './refusals.ts';
import { answerOf, jobTold, JOBS_PATH, placeholder } from './shown.ts';

interface JobsApiDeps {
  readonly house: JobHouse;
  readonly once: Once;
  readonly limits: BodyLimits;
  readonly calls: CallDeps;
}

/** A request, and who it is from. */
interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly guest: Guest;
  readonly owner: string;
  readonly query: URLSearchParams;
  /** Shared by all bodies that are held. */
  readonly room: BodyRoom;
}

const JSON_TYPE: readonly string[] = ['content-type', 'application/json; charset=utf-8', 'cache-control', 'no-store'];

/** Whether a path below the API's root belongs to jobs. */
export function isJobsPath(path: string): boolean {
  return path.startsWith(JOBS_PATH) && /^[/?]?$/.test(path.charAt(JOBS_PATH.length));
}

/** Jobs over HTTP: to ask for one, to see how it stands, to wait for it, to follow it, to have its answer, to cancel it. */
export class JobsApi {
  readonly #deps: JobsApiDeps;

  constructor(deps: JobsApiDeps) {
    this.#deps = deps;
  }

  /** Answers a request whose path {@link isJobsPath}. */
  handle(request: IncomingMessage, response: ServerResponse, path: string, guest: Guest, room: BodyRoom): void {
    const [place = '', query = ''] = path.split('?', 2);
    const asked = {
      request,
      response,
      guest,
      owner: ownerOf(guest.plain.tenant),
      query: new URLSearchParams(query),
      room,
    };
    this.#answer(asked, place).catch((error: unknown) => {
      // All that can fail is the store.
      console.error('holdfast: a request about jobs failed:', error);
      if (response.headersSent) response.destroy();
      else this.#refuse(asked, notKept(error));
    });
  }

  async #answer(asked: Asked, place: string): Promise<void> {
    const [, , id = '', what = '', ...more] = place.split('/');
    const { method = 'GET' } = asked.request;
    const route = more.length > 0 ? 'nothing' : `${method} ${id === '' ? '' : 'ID'}${what === '' ? '' : `/${what}`}`;
    if (route === 'POST ID' && id === 'webhook-secret') return this.#makeSecret(asked);
    switch (route) {
      case 'POST ':
        return this.#create(asked);
      case 'GET ':
        return this.#list(asked);
      case 'GET ID':
        return this.#show(asked, id);
      case 'GET ID/result':
        return this.#result(asked, id);
      case 'GET ID/events':
        return this.#follow(asked, id);
      case 'POST ID/cancel':
      case 'DELETE ID':
        return this.#cancel(asked, id);
      default:
        return this.#refuse(asked, unknownJobPath(place));
    }
  }

  async #create(asked: Asked): Promise<void> {
    const { house, limits, calls } = this.#deps;
    const { request, response, guest, room } = asked;
    const { promise, resolve } = Promise.withResolvers<Parameters<Parameters<typeof readBody>[3]>[0]>();
    readBody(request, limits, house.clock, resolve, room);
    const read = await promise;
    if (read.kind === 'gone') return;
    if (read.kind === 'refused') return this.#refuse(asked, read.fault);
    if (response.closed) room.give(read.held);
    else response.once('close', () => room.give(read.held));
    const wanted = readAskedJob(read.body);
    if ('fault' in wanted) return this.#refuse(asked, wanted.fault);
    const { endpoint, webhook } = wanted;
    const wrong = webhook === undefined ? null : await house.webhookFault(asked.owner, webhook);
    if (wrong !== null) return this.#refuse(asked, wrong);
    const body = Buffer.from(JSON.stringify(wanted.body));
    const { headers } = request;
    const path = endpoint.slice('/v1'.length);
    const call = makeCall({ method: 'POST', path, headers, body, guest }, calls);
    if (call.problem !== null) return this.#refuse(asked, call.problem);
    const work = (id: string | null): Promise<Given> => this.#keep(call, wanted, id);
    const { key, fault } = readJobAsks({ 'idempotency-key': headers['idempotency-key'] });
    if (fault !== null) return this.#refuse(asked, fault);
    // Under its key it is the same request only if it wishes for the same, so all of it is compared.
    const whole = { ...call, path: JOBS_PATH, body: read.body };
    if (key !== null) return this.#deps.once.make(asked.response, whole, key, work);
    const given = await work(null);
    if (given.kind === 'kept') giveKept(asked.response, given.answer, []);
    else if (given.reply.kind === 'failed') this.#refuse(asked, given.reply.fault);
  }

  async #keep(
    call: Call,
    { deadline, priority, attempts, webhook, metadata }: AskedJob,
    id: string | null,
  ): Promise<Given> {
    const kept = await this.#deps.house.keep(call, {
      id,
      origin: 'asked',
      deadlineMs: deadline ?? null,
      ...(priority === undefined ? {} : { priority }),
      ...(attempts === undefined ? {} : { attempts }),
      ...(webhook === undefined ? {} : { webhook }),
      ...(metadata === undefined ? {} : { metadata }),
    });
    if (kept.kind === 'refused') return failed(kept.fault);
    return { kind: 'kept', answer: placeholder(kept.job, [], false) };
  }

  async #list(asked: Asked): Promise<void> {
    const wanted = readAskedList(asked.query);
    if ('fault' in wanted) return this.#refuse(asked, wanted.fault);
    const { jobs, more } = await this.#deps.house.queue.list({ owner: asked.owner, ...wanted });
    const data = jobs.map(jobTold);
    const list = { object: 'list', data, first_id: data[0]?.['id'] ?? null, last_id: data.at(-1)?.['id'] ?? null };
    this.#json(asked, 200, { ...list, has_more: more });
  }

  /** As it stands; with `?wait=30s` or `Prefer: wait=30`, when it has ended or the time is over. */
  async #show(asked: Asked, id: string): Promise<void> {
    const job = await this.#wait(asked, id);
    if (job === null) return;
    const told = hasEnded(job.status) ? [] : ['retry-after', '2'];
    this.#json(asked, 200, jobTold(job), ['x-holdfast-job', id, ...told]);
  }

  /** What the call would have been answered, to the byte; 202 while there is nothing yet. */
  async #result(asked: Asked, id: string): Promise<void> {
    const job = await this.#wait(asked, id);
    if (job === null) return;
    if (!hasEnded(job.status)) return giveKept(asked.response, placeholder(job, [], false), []);
    const answer = await this.#deps.house.queue.answer({ owner: asked.owner, id });
    const told = ['x-holdfast-job', id, 'x-holdfast-job-status', job.status];
    if (answer !== null) return giveKept(asked.response, answer, told);
    for (let at = 0; at + 1 < told.length; at += 2)
      asked.response.setHeader(told[at] as string, told[at + 1] as string);
    this.#refuse(asked, withoutAnswer(job.status, job.fault));
  }

  async #follow(asked: Asked, id: string): Promise<void> {
    const { house } = this.#deps;
    const { request, response, owner } = asked;
    const job = await house.queue.get({ owner, id });
    if (job === null) return this.#refuse(asked, unknownJob(id));
    const last = request.headers['last-event-id'] ?? asked.query.get('after') ?? '0';
    const seen = typeof last === 'string' && /^\d{1,9}$/.test(last) ? Number(last) : 0;
    await followJob(response, { house, owner, id, seen });
  }

  async #cancel(asked: Asked, id: string): Promise<void> {
    const { house } = this.#deps;
    const job = await house.cancel(asked.owner, id, 'the job was cancelled');
    if (job === null) return this.#refuse(asked, unknownJob(id));
    this.#json(asked, 200, jobTold(job), ['x-holdfast-job', id]);
  }

  /** Shown this once: whoever receives webhooks checks their signatures with it. */
  async #makeSecret(asked: Asked): Promise<void> {
    const { house } = this.#deps;
    const secret = newWebhookSecret();
    const replaced = await house.queue.hasSecret({ owner: asked.owner });
    await house.queue.makeSecret({ owner: asked.owner, secret, now: house.clock.wall() });
    this.#json(asked, 201, { object: 'holdfast.webhook_secret', secret, replaced });
  }

  /** The job, after as long a wait as was asked for; null when that was answered otherwise. */
  async #wait(asked: Asked, id: string): Promise<Job | null> {
    const { house } = this.#deps;
    const { request, response, owner, query } = asked;
    const waitMs = waitAsked(query.get('wait'), request.headers['prefer']);
    if (waitMs === null) {
      this.#refuse(asked, badField('wait is no length of time', 'wait', 'Write 30s, 500ms, or a number of seconds.'));
      return null;
    }
    const job = await house.watch.next(
      { owner, id },
      null,
      Math.min(waitMs, LONGEST_WAIT_MS),
      () => response.destroyed,
    );
    if (job === null) this.#refuse(asked, unknownJob(id));
    return job;
  }

  #json(asked: Asked, status: number, body: unknown, headers: readonly string[] = []): void {
    asked.request.resume();
    giveKept(asked.response, answerOf(status, [...JSON_TYPE, ...headers], JSON.stringify(body)), []);
  }

  #refuse({ request, response }: Asked, fault: Fault): void {
    if (response.destroyed || response.headersSent) return;
    if (!request.complete) response.setHeader('connection', 'close');
    const call = { id: this.#deps.calls.nextId(), attempts: [] };
    refuse(response, call, fault, fault.retry.afterMs, this.#deps.house.clock);
    request.resume();
  }
}

/** Proxies on the way close connections that are silent for longer. */
const LONGEST_WAIT_MS = 60_000;
