import { generateKeyPairSync, createVerify } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { STORES } from './index.ts';
import { isSecretFault, type SecretSource } from './store.ts';

// Each store is asked over its own wire protocol: a local server answers as the real one does, and judges how it was asked.

const KEY = 'sk-proj-0123456789abcdefghij';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Reply = { readonly status: number; readonly body: unknown } | 'hang up';

let server: Server;
let origin = '';
let directory = '';
const asked: Asked[] = [];
let answer: (question: Asked) => Reply = () => 'hang up';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-stores-'));
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const question = { method, path, headers, body: Buffer.concat(parts).toString() };
      asked.push(question);
      const reply = answer(question);
      if (reply === 'hang up') return request.socket.destroy();
      response.writeHead(reply.status, { 'content-type': 'application/json' }).end(JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

afterEach(() => asked.splice(0));

/** `value @since`, or `wrong | fix`, with a star when it may pass. */
async function read(reference: string, env: SecretSource['env']): Promise<string> {
  const colon = reference.indexOf(':');
  const store = STORES[reference.slice(0, colon)];
  const name = reference.slice(colon + 1);
  expect(store?.check(name)).toBeNull();
  const found = await store?.read(name, { env, cwd: directory, read: true });
  if (found === undefined) throw new Error('no such store');
  if (!isSecretFault(found)) return `${found.value} @${found.since}`;
  const said = `${found.wrong} | ${found.fix}${found.passing === true ? ' *' : ''}`;
  expect(said).not.toContain('sk-');
  return said;
}

const CHANGED = Date.parse('2026-10-01T00:00:00Z');

describe('vault', () => {
  const kv2 = { data: { data: { key: KEY }, metadata: { created_time: '2026-10-01T00:00:00Z', version: 3 } } };
  const env = (): Record<string, string> => ({ VAULT_ADDR: `${origin}/`, VAULT_TOKEN: 'hvs.test' });

  it('reads the second version of the key-value engine, and the first', async () => {
    answer = () => ({ status: 200, body: kv2 });
    expect(await read('vault:secret/data/openai#key', { ...env(), VAULT_NAMESPACE: 'team' })).toBe(
      `${KEY} @${CHANGED}`,
    );
    expect(asked[0]).toMatchObject({ method: 'GET', path: '/v1/secret/data/openai' });
    expect(asked[0]?.headers).toMatchObject({ 'x-vault-token': 'hvs.test', 'x-vault-namespace': 'team' });
    answer = () => ({ status: 200, body: { data: { key: KEY } } });
    expect(await read('vault:kv/openai#key', env())).toBe(`${KEY} @null`);
  });

  it('logs in by AppRole and by the token of a pod', async () => {
    answer = ({ path }) =>
      path.endsWith('/login')
        ? { status: 200, body: { auth: { client_token: 'hvs.mine' } } }
        : { status: 200, body: kv2 };
    const role = { VAULT_ADDR: origin, VAULT_ROLE_ID: 'r', VAULT_SECRET_ID: 's' };
    expect(await read('vault:secret/data/openai#key', role)).toContain(KEY);
    expect(asked[0]).toMatchObject({
      method: 'POST',
      path: '/v1/auth/approle/login',
      body: '{"role_id":"r","secret_id":"s"}',
    });
    expect(asked[1]?.headers['x-vault-token']).toBe('hvs.mine');
    await writeFile(join(directory, 'jwt'), 'a.b.c\n');
    const pod = { VAULT_ADDR: origin, VAULT_K8S_ROLE: 'app', VAULT_K8S_TOKEN_FILE: join(directory, 'jwt') };
    expect(await read('vault:secret/data/openai#key', pod)).toContain(KEY);
    expect(asked[2]).toMatchObject({ path: '/v1/auth/kubernetes/login', body: '{"role":"app","jwt":"a.b.c"}' });
  });

  it.each([
    [404, 'which Vault does not have'],
    [403, 'does not give to this process (status 403)'],
    [503, 'answered with status 503 | It is tried again by itself; look at Vault if it lasts. *'],
  ])('says what status %i means', async (status, said) => {
    answer = () => ({ status, body: { errors: [] } });
    expect(await read('vault:secret/data/openai#key', env())).toContain(said);
  });

  it('says that it is not there, or not asked rightly', async () => {
    answer = () => 'hang up';
    expect(await read('vault:secret/data/openai#key', env())).toMatch(/gave no answer \(.+\) \| .+ \*$/);
    expect(await read('vault:secret/data/openai#key', {})).toContain('VAULT_ADDR is not the URL of one');
    answer = () => ({ status: 200, body: kv2 });
    expect(await read('vault:secret/data/openai#nokey', env())).toContain('names the field nokey');
  });
});

describe('azure', () => {
  const service = (): Record<string, string> => ({
    HOLDFAST_AZURE_VAULT_ORIGIN: origin,
    IDENTITY_ENDPOINT: `${origin}/identity`,
    IDENTITY_HEADER: 'proof',
  });
  const give = ({ path }: Asked): Reply => {
    if (path.startsWith('/secrets/')) {
      return { status: 200, body: { value: KEY, attributes: { enabled: true, updated: CHANGED / 1000 } } };
    }
    return { status: 200, body: { access_token: 'token' } };
  };

  it('reads with the managed identity of a service', async () => {
    answer = give;
    expect(await read('azure:team/openai-key', service())).toBe(`${KEY} @${CHANGED}`);
    expect(asked[0]?.path).toBe('/identity?resource=https%3A%2F%2Fvault.azure.net&api-version=2019-08-01');
    expect(asked[0]?.headers['x-identity-header']).toBe('proof');
    expect(asked[1]?.path).toBe('/secrets/openai-key/?api-version=7.4');
    expect(asked[1]?.headers.authorization).toBe('Bearer token');
  });

  it('reads with a client secret, and with a federated token, in another cloud too', async () => {
    answer = give;
    const client = {
      HOLDFAST_AZURE_VAULT_ORIGIN: origin,
      AZURE_AUTHORITY_HOST: origin,
      AZURE_TENANT_ID: 'tenant',
      AZURE_CLIENT_ID: 'client',
    };
    expect(await read('azure:team.vault.azure.cn/k', { ...client, AZURE_CLIENT_SECRET: 'word' })).toContain(KEY);
    expect(asked[0]?.path).toBe('/tenant/oauth2/v2.0/token');
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'client',
      client_secret: 'word',
      scope: 'https://vault.azure.cn/.default',
    });
    await writeFile(join(directory, 'federated'), 'x.y.z');
    const federated = { ...client, AZURE_FEDERATED_TOKEN_FILE: join(directory, 'federated') };
    expect(await read('azure:team/k', federated)).toContain(KEY);
    expect(new URLSearchParams(asked[2]?.body).get('client_assertion')).toBe('x.y.z');
  });

  it.each([
    [404, 'team.vault.azure.net does not have'],
    [403, 'role Key Vault Secrets User'],
    [429, 'answered with status 429'],
  ])('says what status %i means', async (status, said) => {
    answer = (question) => (question.path.startsWith('/secrets/') ? { status, body: { error: {} } } : give(question));
    expect(await read('azure:team/openai-key', service())).toContain(said);
  });

  it('says that it has no identity', async () => {
    answer = () => ({ status: 400, body: { error: 'invalid_request' } });
    expect(await read('azure:team/openai-key', service())).toContain('gave this process no token (status 400)');
  });
});

describe('gcp', () => {
  const machine = (): Record<string, string> => ({
    HOLDFAST_GCP_SECRETS_ORIGIN: origin,
    GCE_METADATA_HOST: new URL(origin).host,
  });
  const give = ({ path }: Asked): Reply =>
    path.includes(':access')
      ? { status: 200, body: { name: 'n', payload: { data: Buffer.from(`{"apiKey":"${KEY}"}`).toString('base64') } } }
      : { status: 200, body: { access_token: 'token', expires_in: 3599 } };

  it('reads with the identity of the machine', async () => {
    answer = give;
    expect(await read('gcp:project/openai-key#apiKey', machine())).toBe(`${KEY} @null`);
    expect(asked[0]?.path).toBe('/computeMetadata/v1/instance/service-accounts/default/token');
    expect(asked[0]?.headers['metadata-flavor']).toBe('Google');
    expect(asked[1]?.path).toBe('/v1/projects/project/secrets/openai-key/versions/latest:access');
    expect(asked[1]?.headers.authorization).toBe('Bearer token');
  });

  it('reads with the key file of a service account, whose signature the provider can check', async () => {
    answer = give;
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const account = {
      client_email: 'app@project.example',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      token_uri: `${origin}/token`,
    };
    const path = join(directory, 'account.json');
    await writeFile(path, JSON.stringify(account));
    const env = { HOLDFAST_GCP_SECRETS_ORIGIN: origin, GOOGLE_APPLICATION_CREDENTIALS: path };
    expect(await read('gcp:projects/p/secrets/k/versions/3#apiKey', env)).toContain(KEY);
    const [header = '', claims = '', signature = ''] =
      new URLSearchParams(asked[0]?.body).get('assertion')?.split('.') ?? [];
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      iss: 'app@project.example',
      aud: `${origin}/token`,
    });
    expect(createVerify('RSA-SHA256').update(`${header}.${claims}`).verify(publicKey, signature, 'base64url')).toBe(
      true,
    );
  });

  it('says what is wrong with the key file', async () => {
    const env = (path: string): Record<string, string> => ({ GOOGLE_APPLICATION_CREDENTIALS: path });
    expect(await read('gcp:p/k', env('/nowhere.json'))).toContain('names no readable key file');
    const path = join(directory, 'other.json');
    await writeFile(path, '{"type":"authorized_user"}');
    expect(await read('gcp:p/k', env(path))).toContain("no service account's key file");
  });

  it.each([
    [404, 'which p does not have'],
    [403, 'Secret Manager Secret Accessor'],
    [500, 'It is tried again by itself'],
  ])('says what status %i means', async (status, said) => {
    answer = (question) => (question.path.includes(':access') ? { status, body: {} } : give(question));
    expect(await read('gcp:p/k', machine())).toContain(said);
  });
});

describe('aws', () => {
  const env = (): Record<string, string> => ({
    AWS_ENDPOINT_URL_SECRETS_MANAGER: origin,
    AWS_REGION: 'eu-central-1',
  });
  const identity = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'not-a-real-one' };

  // The client finds its identity in the process's own environment.
  beforeAll(() => void Object.assign(process.env, identity));
  afterAll(() => {
    for (const name of Object.keys(identity)) delete process.env[name];
  });

  it('reads a plain secret, and a field of a JSON one, signed', async () => {
    const secret = { ARN: 'arn', Name: 'prod/openai', SecretString: KEY, CreatedDate: CHANGED / 1000 };
    answer = () => ({ status: 200, body: secret });
    expect(await read('aws:prod/openai', env())).toBe(`${KEY} @${CHANGED}`);
    expect(asked[0]?.headers['x-amz-target']).toBe('secretsmanager.GetSecretValue');
    expect(asked[0]?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\//);
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ SecretId: 'prod/openai' });
    answer = () => ({ status: 200, body: { ...secret, SecretString: JSON.stringify({ apiKey: KEY }) } });
    expect(await read('aws:arn:aws:secretsmanager:us-east-1:1:secret:x#apiKey', env())).toContain(KEY);
    expect(asked[1]?.headers.authorization).toContain('/us-east-1/');
  });

  it.each([
    ['ResourceNotFoundException', 'which AWS Secrets Manager does not have'],
    ['AccessDeniedException', 'secretsmanager:GetSecretValue'],
  ])('says what %s means', async (type, said) => {
    answer = () => ({ status: 400, body: { __type: type, message: 'no' } });
    expect(await read('aws:prod/openai', env())).toContain(said);
  });

  it('says that it gave no answer', async () => {
    answer = () => ({ status: 500, body: { __type: 'InternalServiceError' } });
    expect(await read('aws:prod/openai', env())).toMatch(/gave no answer \(InternalServiceError\).* \*$/);
  });
});
