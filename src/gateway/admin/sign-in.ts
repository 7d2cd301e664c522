import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { checkAgainst } from '../../config/check.ts';
import { section, text } from '../../config/fields.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Database } from '../../storage/database.ts';
import { admitAdmin, adminTokenById } from '../../tenants/admin-tokens.ts';
import type { AdminToken } from '../../tenants/entities.ts';
import { readSessionCookie, sessionCookie } from './cookie.ts';
import { refuseForgery } from './guard.ts';
import { AdminProblem, invalidFields } from './problem.ts';
import type { RouteSpec } from './route.ts';
import { LONGEST_MS, type Session, Sessions } from './sessions.ts';
import { showMoment, shownMoment } from './shown.ts';

/** Where a browser signs in, looks who it is, and signs out. */
export const SESSION_PATH = '/session';

const shown = z.discriminatedUnion('signedIn', [
  z.strictObject({ signedIn: z.literal(false) }),
  z.strictObject({
    signedIn: z.literal(true),
    role: z.enum(['viewer', 'operator', 'admin']),
    name: z.string().describe("The token's."),
    token: z.string().describe('Its id.'),
    endsAt: shownMoment.describe('At the latest; an hour without any use ends it before.'),
    open: z.boolean().describe('There is no tenant yet, and so calls need no key.'),
    version: z.string(),
  }),
]);

type Shown = z.infer<typeof shown>;

const begin: z.ZodType<{ token: string }> = section({
  token: text('An admin token: hf_admin_...').max(200, { error: 'is longer than any admin token' }),
});

/** What is described of a route that asks for no token. */
type OpenRoute = Pick<RouteSpec<unknown, unknown, unknown>, 'method' | 'path' | 'id' | 'summary' | 'status'> & {
  readonly role: null;
  readonly body?: z.ZodType;
  readonly reply?: z.ZodType;
};

export const SESSION_ROUTES: readonly OpenRoute[] = [
  {
    method: 'GET',
    path: SESSION_PATH,
    id: 'getSession',
    summary: 'Who is signed in',
    role: null,
    status: 200,
    reply: shown,
  },
  {
    method: 'POST',
    path: SESSION_PATH,
    id: 'signIn',
    summary: 'Sign a browser in: sets a cookie that stands for the token, and for its role',
    role: null,
    body: begin,
    status: 200,
    reply: shown,
  },
  { method: 'DELETE', path: SESSION_PATH, id: 'signOut', summary: 'Sign out', role: null, status: 204 },
];

export interface SignInDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** Whether calls need no key, as there is no tenant. */
  readonly open: () => boolean;
  readonly version: string;
  readonly readJson: (request: IncomingMessage) => Promise<unknown>;
  /** Counts a wrong token, and says how it is refused. */
  readonly refuse: (request: IncomingMessage, presented: string) => AdminProblem;
}

interface SignInAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Signs browsers in and out. What a browser holds is never the token, only a session, which scripts cannot read and other
 * sites cannot use; it ends with its token.
 */
export class SignIn {
  readonly #deps: SignInDeps;
  readonly #sessions = new Sessions();

  constructor(deps: SignInDeps) {
    this.#deps = deps;
  }

  /**
   * The token whose session the browser holds; null when it shows none.
   *
   * @throws {AdminProblem} the session has ended, or another page may have sent the request
   */
  async admit({ method = 'GET', headers }: IncomingMessage): Promise<AdminToken | null> {
    const id = readSessionCookie(headers);
    if (id === null) return null;
    refuseForgery(method, headers);
    const found = await this.#find(id);
    if (found !== null) return found.token;
    throw new AdminProblem(401, 'session_ended', 'this session has ended; sign in again', {
      headers: { 'set-cookie': sessionCookie('', headers, 0) },
    });
  }

  /** Answers a request for {@link SESSION_PATH}, which nobody needs a token for. */
  async answer(request: IncomingMessage): Promise<SignInAnswer> {
    const { method = 'GET', headers } = request;
    refuseForgery(method, headers);
    const held = readSessionCookie(headers);
    if (method === 'GET') return this.#tell(held === null ? null : await this.#find(held), {});
    const ended = { 'set-cookie': sessionCookie('', headers, 0) };
    if (method === 'DELETE') {
      if (held !== null) this.#sessions.end(held);
      return { status: 204, body: null, headers: ended };
    }
    if (method !== 'POST') {
      throw new AdminProblem(405, 'method', `${SESSION_PATH} takes GET, POST, DELETE`, {
        headers: { allow: 'GET, POST, DELETE' },
      });
    }
    return this.#begin(request, held);
  }

  async #begin(request: IncomingMessage, held: string | null): Promise<SignInAnswer> {
    const { database, clock, readJson, refuse } = this.#deps;
    const checked = checkAgainst(begin, await readJson(request));
    if (!checked.good) throw invalidFields('body', checked.findings);
    const presented = checked.value.token.trim();
    const now = clock.wall();
    const token = await admitAdmin(database, presented, now);
    if (token === null) throw refuse(request, presented);
    // Never an id from before: one that somebody planted would be theirs too.
    if (held !== null) this.#sessions.end(held);
    const id = this.#sessions.begin(token.id, now);
    const session = { token: token.id, begunAt: now, usedAt: now };
    const cookie = sessionCookie(id, request.headers, LONGEST_MS / 1000);
    return this.#tell({ session, token }, { 'set-cookie': cookie });
  }

  async #find(id: string): Promise<{ session: Session; token: AdminToken } | null> {
    const { database, clock } = this.#deps;
    const now = clock.wall();
    const session = this.#sessions.use(id, now);
    if (session === null) return null;
    const token = await adminTokenById(database, session.token, now);
    if (token === null) this.#sessions.end(id);
    return token === null ? null : { session, token };
  }

  #tell(
    found: { session: Session; token: AdminToken } | null,
    headers: Readonly<Record<string, string>>,
  ): SignInAnswer {
    const body: Shown = found === null ? { signedIn: false } : this.#show(found.session, found.token);
    return { status: 200, body, headers };
  }

  #show({ begunAt }: Session, { id, name, role, expiresAt }: AdminToken): Shown {
    const { open, version } = this.#deps;
    const endsAt = showMoment(Math.min(begunAt + LONGEST_MS, expiresAt ?? Number.POSITIVE_INFINITY));
    return { signedIn: true, role, name, token: id, endsAt, open: open(), version };
  }
}
