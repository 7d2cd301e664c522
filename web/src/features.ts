import { signal } from '@preact/signals';
import { get } from './api.ts';
import { type Json, object } from './read.ts';

/** What this gateway can be asked, as its own description tells: `POST /targets/{target}/breaker`. Null until it is known. */
const described = signal<ReadonlySet<string> | null>(null);

let asking: Promise<void> | null = null;

function readPaths(answer: Json): ReadonlySet<string> {
  const paths = Object.entries(object(answer['paths']));
  return new Set(
    paths.flatMap(([path, methods]) =>
      Object.keys(object(methods)).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '{}')}`),
    ),
  );
}

/** Whether the gateway can be asked this; null while that is not known. */
export function offers(what: string): boolean | null {
  if (described.value === null) {
    asking ??= get('/openapi.json', readPaths)
      .then((paths) => void (described.value = paths))
      .catch(() => void (asking = null));
  }
  return described.value === null ? null : described.value.has(what);
}
