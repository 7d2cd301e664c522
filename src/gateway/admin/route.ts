import type * as z from 'zod';
import type { KeyReport } from '../../config/keys/report.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Target } from '../../engine/target.ts';
import type { Counters } from '../../engine/admission/quota.ts';
import type { Room } from '../../engine/admission/room.ts';
import type { Capture } from '../../observe/capture/capture.ts';
import type { Queries } from '../../observe/queries/queries.ts';
import type { Database } from '../../storage/database.ts';
import type { Directory } from '../../tenants/directory.ts';
import type { Actor, AdminToken, Role } from '../../tenants/entities.ts';
import type { LiveBoard, WriteEvent } from '../live/board.ts';

/** What the admin API is asked about, and works on. */
export interface AdminDeps {
  readonly database: Database;
  readonly directory: Directory;
  readonly counters: Counters;
  readonly targets: readonly Target[];
  /** Where calls wait for room in their callers' limits. */
  readonly room: Pick<Room, 'tellWaiting'>;
  /** How the keys of the targets stand, as their providers and their stores tell. */
  readonly keyReports: () => readonly KeyReport[];
  /** Ids of the configuration's routes, for keys that are held to some. */
  readonly routes: readonly string[];
  readonly clock: Clock;
  /** Answers what is asked about the calls. */
  readonly queries: Queries;
  readonly live: LiveBoard;
  /** What was kept of requests and answers; null: nothing is. */
  readonly capture: Pick<Capture, 'read'> | null;
}

/** Begins to write events, and returns how to stop. */
export type EventSource = (write: WriteEvent) => () => void;

/** One request, read and found good. */
interface Asked<Query, Body> {
  readonly deps: AdminDeps;
  /** What stands in the places of the path. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  readonly actor: Actor;
  readonly token: AdminToken;
}

/** What can be asked of the admin API: enough to answer it, and to describe it in OpenAPI. */
export interface RouteSpec<Query, Body, Reply> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/admin/api`, with its places in braces: `/tenants/{tenant}`. */
  readonly path: string;
  /** `operationId` of OpenAPI. */
  readonly id: string;
  readonly summary: string;
  /** Least role that may ask it. */
  readonly role: Role;
  readonly query?: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  readonly status: 200 | 201 | 204;
  /** Left out where nothing is answered but the status. */
  readonly reply?: z.ZodType<Reply>;
  /** What is answered is an {@link EventSource}: it goes on for as long as the caller listens. */
  readonly streams?: true;
  answer(asked: Asked<Query, Body>): Promise<Reply>;
}

/** What can be listened to. */
interface StreamSpec<Query> extends Omit<RouteSpec<Query, undefined, unknown>, 'streams' | 'answer'> {
  readonly streams: true;
  /** The data of one event. */
  readonly reply: z.ZodType;
  answer(asked: Asked<Query, undefined>): EventSource;
}

/** A route of whatever types. */
export type AdminRoute = RouteSpec<unknown, unknown, unknown>;

/** Says what can be listened to, as server-sent events. */
export function stream<Query>(spec: StreamSpec<Query>): AdminRoute {
  const answer = (asked: Asked<Query, undefined>): Promise<EventSource> => Promise.resolve(spec.answer(asked));
  return { ...spec, answer } as unknown as AdminRoute;
}

/** Says what a route is, with its types held together by the compiler. */
export function route<Query = undefined, Body = undefined, Reply = void>(
  spec: RouteSpec<Query, Body, Reply>,
): AdminRoute {
  // Only what `query` and `body` have read is ever given to `answer`.
  return spec as unknown as AdminRoute;
}

interface Place {
  readonly route: AdminRoute;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

/** What a path leads to. */
export type Found =
  | { readonly kind: 'route'; readonly route: AdminRoute; readonly params: Readonly<Record<string, string>> }
  /** The path is known, but not with this method. */
  | { readonly kind: 'method'; readonly allowed: readonly string[] }
  | { readonly kind: 'nothing' };

/** Finds routes by method and path. There are a few dozen, and few requests: a list will do. */
export class Router {
  readonly #places: readonly Place[];

  constructor(routes: readonly AdminRoute[]) {
    this.#places = routes.map((one) => ({
      route: one,
      names: [...one.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''),
      pattern: new RegExp(`^${one.path.replaceAll(/\{\w+\}/g, '([A-Za-z0-9][A-Za-z0-9._-]{0,63})')}$`),
    }));
  }

  find(method: string, path: string): Found {
    const here = this.#places.filter(({ pattern }) => pattern.test(path));
    const place = here.find(({ route: { method: own } }) => own === method);
    if (place === undefined) {
      if (here.length === 0) return { kind: 'nothing' };
      return { kind: 'method', allowed: here.map(({ route: { method: own } }) => own) };
    }
    const values = place.pattern.exec(path)?.slice(1) ?? [];
    const params = Object.fromEntries(place.names.map((name, index) => [name, values[index] ?? '']));
    return { kind: 'route', route: place.route, params };
  }
}
