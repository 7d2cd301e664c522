import * as z from 'zod';
import type { AdminRoute } from './route.ts';

/** What has to be known of a route to describe it; without a role, anybody may ask it. */
type Described = Omit<AdminRoute, 'answer' | 'role'> & { readonly role: AdminRoute['role'] | null };

type Json = Readonly<Record<string, unknown>>;

const PROBLEM: Json = {
  type: 'object',
  description: 'RFC 9457: what is wrong, for people in `detail` and for programs in `code`.',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    requestId: { type: 'string' },
    problems: {
      type: 'array',
      items: {
        type: 'object',
        properties: { field: { type: 'string' }, wrong: { type: 'string' }, fix: { type: 'string' } },
        required: ['field', 'wrong', 'fix'],
        additionalProperties: false,
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId', 'problems'],
  additionalProperties: false,
};

const PROBLEMS: Readonly<Record<string, string>> = {
  '400': 'Something in the request is wrong; `problems` has every field.',
  '401': 'No admin token, or one that does not hold.',
  '403': 'The token’s role may not do this, or the request comes from a foreign page.',
  '404': 'There is no such thing.',
  '409': 'It stands against what there is: an id that is taken, something in use, something declared in the file.',
  '408': 'The body did not arrive.',
  '413': 'The body is larger than any request of this API has to be.',
  '415': 'The body is not `application/json`.',
  '429': 'Too many wrong tokens from this address.',
  '503': 'The database cannot be used just now.',
};

/** Those that only a request with a body can have. */
const OF_BODIES: ReadonlySet<string> = new Set(['408', '413', '415']);

/** Describes the routes as an OpenAPI 3.1 document. The same schemas check the requests. */
export function openApiOf(routes: readonly Described[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Holdfast admin API',
      version,
      description:
        'Organisations, tenants, keys and what comes of them. Roles: viewer reads, operator changes, admin also hands out tokens.',
    },
    servers: [{ url: '/admin/api' }],
    security: [{ adminToken: [] }, { session: [], ownPage: [] }],
    paths,
    components: {
      securitySchemes: {
        adminToken: { type: 'http', scheme: 'bearer', description: 'An admin token: hf_admin_...' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-holdfast-session',
          description: 'A signed-in browser; over plain http the name is holdfast-session-PORT.',
        },
        ownPage: {
          type: 'apiKey',
          in: 'header',
          name: 'x-holdfast-page',
          description: 'With a session, for all but GET.',
        },
      },
      schemas: { Problem: PROBLEM },
      responses: Object.fromEntries(
        Object.entries(PROBLEMS).map(([status, description]) => [
          `Problem${status}`,
          {
            description,
            content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
        ]),
      ),
    },
  };
}

function operationOf({ id, summary, role, path, query, body, status, reply, streams }: Described): Json {
  const places = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const parameters = [...places, ...(query === undefined ? [] : parametersOf(query))];
  const possible = Object.keys(PROBLEMS).filter((one) => body !== undefined || !OF_BODIES.has(one));
  const problems = possible.map((one) => [one, { $ref: `#/components/responses/Problem${one}` }]);
  return {
    operationId: id,
    summary,
    description: role === null ? 'Needs no token.' : `Needs the role ${role}.`,
    ...(role === null ? { security: [] } : {}),
    tags: [path.split('/', 2)[1]],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: jsonOf(schemaOf(body, 'input')) } }),
    responses: {
      [status]: {
        description: summary,
        ...(reply === undefined ? {} : { content: contentOf(schemaOf(reply, 'output'), streams) }),
      },
      ...Object.fromEntries(problems),
    },
  };
}

function jsonOf(schema: Json): Json {
  return { 'application/json': { schema } };
}

/** Of a stream the schema says what the data of one event is. */
function contentOf(schema: Json, streams: true | undefined): Json {
  return streams ? { 'text/event-stream': { schema } } : jsonOf(schema);
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  // OpenAPI 3.1 speaks this very dialect of JSON Schema, so that it need not be named each time.
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

function parametersOf(query: z.ZodType): Json[] {
  const { properties = {}, required = [] } = schemaOf(query, 'input') as {
    readonly properties?: Readonly<Record<string, Json>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
  }));
}
