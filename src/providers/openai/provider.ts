/** The servers that speak OpenAI's wire format, told apart by what differs between them. */
export type ProviderName = 'openai' | 'azure' | 'openai-compatible';

/** What the rows of the table need to know of a target. */
export interface Address {
  /** Path of the API's root, without a trailing slash: `/v1`. */
  readonly basePath: string;
  readonly deployment: string | null;
  readonly apiVersion: string | null;
}

export interface Provider {
  /** The header that carries the key. */
  readonly keyHeader: (key: string) => readonly [name: string, value: string];
  /** Path and query of a call below the API's root (`/chat/completions?x=1`). */
  readonly path: (address: Address, path: string) => string;
  /** Tells the provider our id of the call, so that its support can find it. */
  readonly clientRequestId: string | null;
}

/** Paths that Azure's dated API serves per deployment; the rest hang below the resource itself. */
const DEPLOYMENT_PATHS: ReadonlySet<string> = new Set([
  '/chat/completions',
  '/completions',
  '/embeddings',
  '/audio/transcriptions',
  '/audio/translations',
  '/audio/speech',
  '/images/generations',
  '/images/edits',
]);

const bearer = (key: string): readonly [string, string] => ['authorization', `Bearer ${key}`];

export const PROVIDERS: Readonly<Record<ProviderName, Provider>> = {
  openai: {
    keyHeader: bearer,
    path: ({ basePath }, path) => basePath + path,
    clientRequestId: 'x-client-request-id',
  },
  azure: {
    keyHeader: (key) => ['api-key', key],
    path: azurePath,
    clientRequestId: 'x-ms-client-request-id',
  },
  'openai-compatible': {
    keyHeader: bearer,
    path: ({ basePath }, path) => basePath + path,
    clientRequestId: null,
  },
};

function azurePath({ basePath, deployment, apiVersion }: Address, path: string): string {
  // The v1 API is OpenAI's own shape; only the dated one has paths of its own.
  if (basePath.endsWith('/v1') || apiVersion === null) return basePath + path;
  const [bare = path, query] = path.split('?', 2);
  const served = deployment !== null && DEPLOYMENT_PATHS.has(bare);
  const root = basePath.endsWith('/openai') ? basePath : `${basePath}/openai`;
  const middle = served ? `/deployments/${encodeURIComponent(deployment)}` : '';
  return `${root}${middle}${bare}?api-version=${encodeURIComponent(apiVersion)}${query === undefined ? '' : `&${query}`}`;
}
