import { type Endpoint, ENDPOINTS } from './endpoints.ts';
import { SCHEMAS } from './schemas.ts';

/** Headers that Holdfast adds to answers, and what they tell. */
const ANSWER_HEADERS: Readonly<Record<string, string>> = {
  'x-request-id': 'Id of the call; the key to find its record by.',
  'x-holdfast-attempts': 'How many attempts were made.',
  'x-holdfast-target': 'The target that answered, or was tried last.',
  'x-holdfast-overhead-ms': "Holdfast's own share of the time.",
  'x-holdfast-repaired': 'What was put right in the request before it was sent.',
  'x-holdfast-fit': 'What was done so that the prompt fits its model.',
};

const STATUSES: Readonly<Record<string, string>> = {
  '400': 'The request is wrong; it was not sent, or the provider refused it.',
  '401': 'The key is missing or wrong.',
  '403': 'The key may not do this.',
  '404': 'No such model, response or path.',
  '413': 'The body is too large.',
  '429': 'A limit of the caller or of the account is reached; Retry-After tells when to come back.',
  '502': 'The provider gave no usable answer.',
  '503': 'No target can take the call now.',
  '504': 'The provider did not answer in time.',
};

/**
 * The gateway described as an OpenAPI 3.1 document.
 *
 * @param server its root as callers reach it: `http://127.0.0.1:4141`, or `/` for wherever the document itself is served.
 */
export function openApiDocument(server: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const endpoint of ENDPOINTS) {
    paths[endpoint.path] ??= {};
    (paths[endpoint.path] as Record<string, object>)[endpoint.method.toLowerCase()] = operationOf(endpoint);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Holdfast gateway',
      version: '1',
      description:
        "OpenAI's API, kept standing when its provider fails. Every other path below /v1 is carried to the provider unread.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: server }],
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'A key of Holdfast, or of the provider.' },
      },
      schemas: SCHEMAS,
      headers: Object.fromEntries(
        Object.entries(ANSWER_HEADERS).map(([name, description]) => [
          name,
          { description, schema: { type: 'string' } },
        ]),
      ),
    },
  };
}

function operationOf(endpoint: Endpoint): object {
  const { id, group, summary, needsKey, request, path } = endpoint;
  const places = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
  return {
    operationId: id,
    tags: [group],
    summary,
    ...(needsKey ? {} : { security: [] }),
    ...(places.length === 0
      ? {}
      : { parameters: places.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })) }),
    ...(request === null
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: refTo(request.schema), example: request.example } },
          },
        }),
    responses: answersOf(endpoint),
  };
}

function answersOf({ answer, streams, needsKey, status = 200 }: Endpoint): object {
  const content: Record<string, object> = { 'application/json': { schema: refTo(answer) } };
  if (streams) content['text/event-stream'] = { schema: { type: 'string' } };
  const headers = Object.fromEntries(
    Object.keys(ANSWER_HEADERS).map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  );
  const good = { [status]: { description: 'The answer.', content, ...(needsKey ? { headers } : {}) } };
  if (!needsKey) return good;
  const refusal = { 'application/json': { schema: refTo('Error') } };
  const bad = Object.entries(STATUSES).map(
    ([status, description]) => [status, { description, content: refusal }] as const,
  );
  return { ...good, ...Object.fromEntries(bad) };
}

function refTo(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}
