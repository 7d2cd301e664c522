import { describe, expect, it } from 'vitest';
import { ENDPOINTS } from './endpoints.ts';
import { openApiDocument } from './openapi.ts';
import { postmanCollection } from './postman.ts';
import { SCHEMAS } from './schemas.ts';

/** Every string that stands under a name, however deep. */
function valuesOf(name: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === name && typeof inner === 'string' ? [inner] : valuesOf(name, inner),
  );
}

describe('the OpenAPI document', () => {
  const document = openApiDocument('/') as {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>;
    components: { schemas: Record<string, unknown>; headers: Record<string, unknown> };
  };

  it('describes every endpoint once', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual(ENDPOINTS.map(({ method, path }) => `${method} ${path}`).toSorted());
    const ids = valuesOf('operationId', document);
    expect(new Set(ids).size).toBe(ENDPOINTS.length);
  });

  it('refers to nothing that is not there', () => {
    const references = valuesOf('$ref', document);
    expect(references.length).toBeGreaterThan(20);
    for (const reference of references) {
      const place = reference
        .slice(2)
        .split('/')
        .reduce<unknown>((holder, step) => (holder as Record<string, unknown> | undefined)?.[step], document);
      expect({ reference, place }).not.toEqual({ reference, place: undefined });
    }
    const used = new Set(references.map((reference) => reference.split('/').at(-1)));
    expect(Object.keys(SCHEMAS).filter((name) => !used.has(name))).toEqual([]);
  });

  it('names the places in every path', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const operation of Object.values(methods)) {
        const places = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        expect(valuesOf('in', operation).length).toBe(places.length);
      }
    }
  });
});

describe('the Postman collection', () => {
  const collection = postmanCollection() as {
    info: { schema: string };
    item: { name: string; item: { request: { method: string; url: { raw: string }; body?: { raw: string } } }[] }[];
  };
  const requests = collection.item.flatMap(({ item }) => item.map(({ request }) => request));

  it('has a request for every endpoint', () => {
    expect(collection.info.schema).toBe('https://schema.getpostman.com/json/collection/v2.1.0/collection.json');
    expect(requests).toHaveLength(ENDPOINTS.length);
    for (const { url } of requests) expect(url.raw).toMatch(/^\{\{baseUrl\}\}\/(?:[\w/:.-]|\{\{model\}\})+$/);
  });

  it('has bodies that are JSON', () => {
    const bodies = requests.flatMap(({ body }) => (body === undefined ? [] : [body.raw]));
    expect(bodies.length).toBeGreaterThan(5);
    for (const body of bodies) expect(JSON.parse(body)).toBeTypeOf('object');
  });
});
