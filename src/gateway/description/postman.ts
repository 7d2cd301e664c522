import { type Endpoint, ENDPOINTS } from './endpoints.ts';

/** The format that Postman imports, and Bruno, Insomnia and Hoppscotch with it. */
const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';

/** The gateway's endpoints as a Postman collection of version 2.1; what differs between gateways stands in variables. */
export function postmanCollection(): object {
  const groups = [...new Set(ENDPOINTS.map(({ group }) => group))];
  return {
    info: {
      name: 'Holdfast gateway',
      description: 'Choose the environment that was exported beside this, and write your key into it.',
      schema: SCHEMA,
    },
    item: groups.map((group) => ({
      name: group,
      item: ENDPOINTS.filter((endpoint) => endpoint.group === group).map(itemOf),
    })),
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{key}}', type: 'string' }] },
    variable: [{ key: 'baseUrl', value: 'http://127.0.0.1:4141', type: 'string' }],
  };
}

/**
 * Variables for one gateway. The key is left for its owner to fill in, and marked as a secret.
 *
 * @param baseUrl the gateway's root, without `/v1`.
 */
export function postmanEnvironment(baseUrl: string): object {
  return {
    name: `Holdfast at ${baseUrl}`,
    values: [
      { key: 'baseUrl', value: baseUrl, type: 'default', enabled: true },
      { key: 'key', value: '', type: 'secret', enabled: true },
      { key: 'model', value: 'gpt-4o-mini', type: 'default', enabled: true },
    ],
    _postman_variable_scope: 'environment',
  };
}

function itemOf(endpoint: Endpoint): object {
  const { method, path, summary, needsKey, request, streams } = endpoint;
  // Where a place is but part of a segment, it is a variable of the collection: Postman knows no other there.
  const places = [...path.matchAll(/\{(\w+)\}(?=\/|$)/g)].map(([, name]) => name as string);
  const segments = path
    .slice(1)
    .split('/')
    .map((segment) => segment.replace(/^\{(\w+)\}$/, ':$1').replace(/\{(\w+)\}/, '{{$1}}'));
  const body = request === null ? null : bodyOf(request.example);
  return {
    name: `${method} ${path}`,
    request: {
      method,
      ...(needsKey ? {} : { auth: { type: 'noauth' } }),
      header: request === null ? [] : [{ key: 'content-type', value: 'application/json' }],
      ...(body === null ? {} : { body }),
      url: {
        raw: `{{baseUrl}}/${segments.join('/')}`,
        host: ['{{baseUrl}}'],
        path: segments,
        ...(places.length === 0 ? {} : { variable: places.map((key) => ({ key, value: '' })) }),
      },
      description: streams ? `${summary}. Add "stream": true for server-sent events.` : `${summary}.`,
    },
    response: [],
  };
}

function bodyOf(example: Readonly<Record<string, unknown>>): object {
  const raw = JSON.stringify(example, null, 2);
  // A chat model is the environment's choice; the others are tied to what they do.
  const shown = example['model'] === 'gpt-4o-mini' ? raw.replace('"gpt-4o-mini"', '"{{model}}"') : raw;
  return { mode: 'raw', raw: shown, options: { raw: { language: 'json' } } };
}
