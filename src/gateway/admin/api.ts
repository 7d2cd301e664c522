import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkAgainst } from '../../config/check.ts';
import { parseJson } from '../../engine/parse-json.ts';
import type { HouseEvent } from '../../observe/events.ts';
import { admitAdmin, adminTokenById, mayDo, noteAdminUse } from '../../tenants/admin-tokens.ts';
import type { AdminToken } from '../../tenants/entities.ts';
import { shownPrefix } from '../../tenants/secret.ts';
import { WrongSecrets } from '../../tenants/wrong-secrets.ts';
import { readBody } from '../body.ts';
import { refuseForeignPages } from './guard.ts';
import { historyRoutes } from './history.ts';
import { keyRoutes } from './keys.ts';
import { openApiOf } from './openapi.ts';
import { organisationRoutes } from './organisations.ts';
import { AdminProblem, invalidFields, problemOf } from './problem.ts';
import { type AdminDeps, type AdminRoute, type EventSource, Router } from './route.ts';
import { queueRoutes } from './queue.ts';
import { captureRoutes } from './see/capture.ts';
import { callRoutes } from './see/calls.ts';
import { costRoutes } from './see/costs.ts';
import { faultRoutes } from './see/faults.ts';
import { liveRoutes } from './see/live.ts';
import { matrixRoutes } from './see/matrix.ts';
import { overviewRoutes } from './see/overview.ts';
import { sendEvents } from './events.ts';
import { verdictRoutes } from './see/verdict.ts';
import { SESSION_PATH, SESSION_ROUTES, SignIn } from './sign-in.ts';
import { targetRoutes } from './targets.ts';
import { tenantRoutes } from './tenants.ts';
import { tokenRoutes } from './tokens.ts';
import { useRoutes } from './use.ts';
import { workloadRoutes } from './workloads.ts';

export const ADMIN_ROOT = '/admin/api';

export interface AdminOptions extends AdminDeps {
  /** The gateway listens to its own machine only. */
  readonly loopbackOnly: boolean;
  readonly addressOf: (request: IncomingMessage) => string;
  readonly nextId: () => string;
  /** Told of guessing. */
  readonly tell: (event: HouseEvent) => void;
  readonly version: string;
}

/** No request of this API is larger, by far. */
const LIMITS = { bodyBytes: 64 * 1024, slowRequestMs: 10_000 };

/** When a token was last used is written down this often at most, ms. */
const NOTE_USE_EVERY_MS = 60_000;

/** Every route, in the order in which they are described. */
const ROUTES: readonly AdminRoute[] = [
  ...organisationRoutes,
  ...tenantRoutes,
  ...workloadRoutes,
  ...keyRoutes,
  ...useRoutes,
  ...tokenRoutes,
  ...historyRoutes,
  ...targetRoutes,
  ...queueRoutes,
  ...overviewRoutes,
  ...matrixRoutes,
  ...faultRoutes,
  ...callRoutes,
  ...captureRoutes,
  ...costRoutes,
  ...liveRoutes,
  ...verdictRoutes,
];

/** Sent with every answer: nothing of it is to be kept, framed, sniffed, or run. */
const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of a body, for as long as the token holds. */
  readonly events?: { readonly begin: EventSource; readonly token: AdminToken } | null;
}

/** The HTTP API of those who run the gateway: everything in it needs an admin token, and every change is written down. */
export class AdminApi {
  readonly #options: AdminOptions;
  readonly #router = new Router(ROUTES);
  /** Made when it is first asked for: most processes never are, and it takes memory. */
  #description: unknown = null;
  readonly #wrong = new WrongSecrets();
  readonly #notedAt = new Map<string, number>();
  readonly #signIn: SignIn;

  constructor(options: AdminOptions) {
    this.#options = options;
    const { database, directory, clock, version } = options;
    this.#signIn = new SignIn({
      database,
      clock,
      version,
      open: () => directory.empty,
      readJson: (request) => this.#body(request),
      refuse: (request, presented) => this.#refuse(request, presented),
    });
  }

  /** Answers a request whose path begins with {@link ADMIN_ROOT}. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const requestId = this.#options.nextId();
    this.#answer(request).then(
      ({ status, body, headers = {}, events = null }) => {
        if (events === null) return send(request, response, requestId, status, body, headers);
        const { begin, token } = events;
        sendEvents(response, { ...SAFE_HEADERS, 'x-request-id': requestId }, begin, () => this.#holds(request, token));
      },
      (error: unknown) => {
        const known = problemOf(error);
        if (known === null) console.error(`holdfast: admin request ${requestId} hit a defect:`, error);
        const problem = known ?? new AdminProblem(500, 'internal', 'Holdfast failed to answer; report the request id');
        send(request, response, requestId, problem.status, problem.body(requestId), problem.headers);
      },
    );
  }

  /**
   * Lets whoever holds an admin token of any role look at something outside this API; answers everybody else itself.
   * @returns whether the request may go on
   */
  async admits(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    try {
      refuseForeignPages(request.headers, this.#options.loopbackOnly);
      await this.#admit(request);
      return true;
    } catch (error) {
      const problem = problemOf(error);
      if (problem === null) throw error;
      const requestId = this.#options.nextId();
      send(request, response, requestId, problem.status, problem.body(requestId), problem.headers);
      return false;
    }
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const { deps, url } = { deps: this.#options, url: new URL(request.url ?? '/', 'http://localhost') };
    refuseForeignPages(request.headers, this.#options.loopbackOnly);
    const path = url.pathname.slice(ADMIN_ROOT.length);
    if (path === SESSION_PATH) return this.#signIn.answer(request);
    const token = await this.#admit(request);
    if (path === '/openapi.json' && request.method === 'GET') {
      this.#description ??= openApiOf([...SESSION_ROUTES, ...ROUTES], this.#options.version);
      return { status: 200, body: this.#description };
    }
    const { route, params } = this.#find(request.method ?? 'GET', path);
    if (!mayDo(token.role, route.role)) {
      const needed = `this needs the role ${route.role}, and the token ${token.prefix}... has the role ${token.role}`;
      throw new AdminProblem(403, 'role', needed);
    }
    const query = read('query', route.query, Object.fromEntries(url.searchParams));
    const body = read('body', route.body, route.body === undefined ? undefined : await this.#body(request));
    const actor = {
      via: 'api' as const,
      name: `${token.id} (${token.name})`,
      address: this.#options.addressOf(request),
    };
    const reply = await route.answer({ deps, params, query, body, actor, token });
    // Before anybody hears that it was changed, it is in force here; elsewhere it is a moment later.
    if (route.method !== 'GET') await this.#options.directory.refresh();
    if (route.streams) return { status: 200, body: null, events: { begin: reply as EventSource, token } };
    return { status: route.status, body: reply };
  }

  async #admit(request: IncomingMessage): Promise<AdminToken> {
    const { database, clock } = this.#options;
    const presented = /^bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
    const now = clock.wall();
    const token = presented === null ? await this.#signIn.admit(request) : await admitAdmin(database, presented, now);
    if (token === null) throw this.#refuse(request, presented);
    if (now - (this.#notedAt.get(token.id) ?? 0) >= NOTE_USE_EVERY_MS) {
      this.#notedAt.set(token.id, now);
      // Not worth waiting for, nor failing for: it is for people to see which tokens are in use.
      void noteAdminUse(database, token.id, now).catch(() => undefined);
    }
    return token;
  }

  /** Whether a request that was let in would be let in again; it is no new one, and so none to refuse or to count. */
  async #holds(request: IncomingMessage, { id }: AdminToken): Promise<boolean> {
    const { database, clock } = this.#options;
    const bearer = request.headers.authorization !== undefined;
    const token = bearer ? adminTokenById(database, id, clock.wall()) : this.#signIn.admit(request);
    return token.then(
      (found) => found !== null,
      () => false,
    );
  }

  #refuse(request: IncomingMessage, presented: string | null): AdminProblem {
    const { clock, addressOf, tell } = this.#options;
    const address = addressOf(request);
    const prefix = presented === null ? null : shownPrefix(presented);
    const { waitMs, news } = this.#wrong.judge(address, clock.now());
    if (waitMs === 0) {
      const what = prefix === null ? 'no admin token came' : `the admin token ${prefix}... does not hold`;
      console.error(`holdfast: admin API: ${what}, from ${address || 'an unknown address'}`);
      return new AdminProblem(401, 'unauthorized', `${what}; send one as Authorization: Bearer hf_admin_...`, {
        headers: { 'www-authenticate': 'Bearer realm="holdfast admin"' },
      });
    }
    if (news) tell(guessing(address, prefix, clock.wall()));
    return new AdminProblem(429, 'too_many_wrong_tokens', 'too many wrong admin tokens came from this address', {
      headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) },
    });
  }

  #find(method: string, path: string): { route: AdminRoute; params: Readonly<Record<string, string>> } {
    const found = this.#router.find(method, path);
    if (found.kind === 'route') return found;
    if (found.kind === 'nothing') {
      throw new AdminProblem(
        404,
        'unknown',
        `there is nothing at ${path.slice(0, 200)}; see ${ADMIN_ROOT}/openapi.json`,
      );
    }
    const allow = found.allowed.join(', ');
    throw new AdminProblem(405, 'method', `${path} takes ${allow}`, { headers: { allow } });
  }

  async #body(request: IncomingMessage): Promise<unknown> {
    const type = request.headers['content-type'] ?? '';
    if (!/^application\/json\s*(?:;|$)/i.test(type)) {
      throw new AdminProblem(415, 'media_type', 'the body must be sent as content-type: application/json');
    }
    const { promise, resolve, reject } = Promise.withResolvers<Buffer | null>();
    readBody(request, LIMITS, this.#options.clock, (read_) => {
      if (read_.kind === 'body') resolve(read_.body);
      else if (read_.kind === 'gone') reject(new AdminProblem(408, 'gone', 'the caller left'));
      else {
        const slow = read_.fault.kind === 'slow-caller';
        reject(new AdminProblem(slow ? 408 : 413, slow ? 'slow' : 'too_large', read_.fault.message));
      }
    });
    const bytes = await promise;
    try {
      return parseJson(bytes?.toString('utf8') ?? '');
    } catch {
      throw new AdminProblem(400, 'no_json', 'the body is not JSON');
    }
  }
}

function read(where: 'query' | 'body', schema: AdminRoute['query'], value: unknown): unknown {
  if (schema === undefined) {
    if (where === 'query' && Object.keys(value as object).length > 0) {
      const problems = Object.keys(value as object).map((field) => {
        return {
          field: field.slice(0, 64),
          wrong: 'is not a known field',
          fix: 'Leave it out: nothing can be chosen here.',
        };
      });
      throw new AdminProblem(400, 'invalid_fields', 'the request has a problem in its query', { problems });
    }
    return undefined;
  }
  const checked = checkAgainst(schema, value);
  if (!checked.good) throw invalidFields(where, checked.findings);
  return checked.value;
}

function guessing(address: string, prefix: string | null, at: number): HouseEvent {
  return {
    at,
    kind: 'wrong-admin-tokens',
    level: null,
    holder: null,
    organisation: null,
    tenant: null,
    message: `too many wrong admin tokens came from ${address || 'an unknown address'}; it is throttled`,
    detail: { address, prefix },
  };
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): void {
  if (response.destroyed) return;
  // What is left of a refused body would be read as the next request.
  if (!request.complete) response.setHeader('connection', 'close');
  const text = status === 204 ? '' : JSON.stringify(body);
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, {
    ...SAFE_HEADERS,
    ...headers,
    'x-request-id': requestId,
    ...(status === 204 ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(text) }),
  });
  response.end(text);
  request.resume();
}
