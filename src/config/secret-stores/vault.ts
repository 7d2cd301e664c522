import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ask, isAnswer } from './ask.ts';
import { keyIn, member, moment, splitField } from './json.ts';
import type { SecretFault, SecretReading, SecretSource, SecretStore } from './store.ts';

const FORM = 'vault:secret/data/NAME#FIELD';

/**
 * HashiCorp Vault (and OpenBao) over its HTTP API. The reference is the API's own path, so that both versions of the
 * key-value engine, and any other engine that answers with fields, can be named.
 *
 * Where and as whom is taken from the environment, as Vault's own tools do: VAULT_ADDR, VAULT_NAMESPACE, and a token from
 * VAULT_TOKEN, AppRole (VAULT_ROLE_ID, VAULT_SECRET_ID), Kubernetes (VAULT_K8S_ROLE) or ~/.vault-token.
 */
export const vault: SecretStore = {
  form: FORM,
  refreshMs: 60_000,
  check(name) {
    const { path, field } = splitField(name);
    if (field !== null && field !== '' && /^[\w\-./]+$/.test(path) && !path.split('/').includes('..')) return null;
    return { wrong: 'does not name a path in Vault and a field of it', fix: `Write ${FORM}.` };
  },
  read,
};

async function read(name: string, source: SecretSource): Promise<SecretReading | SecretFault> {
  const { path, field } = splitField(name);
  const address = source.env['VAULT_ADDR'] ?? '';
  if (!URL.canParse(address)) {
    return { wrong: 'names a secret in Vault, but VAULT_ADDR is not the URL of one', fix: 'Set VAULT_ADDR.' };
  }
  const token = await tokenFor(address, source);
  if (typeof token !== 'string') return token;
  const answer = await ask('Vault', { url: at(address, path), headers: headers(source, token) });
  if (!isAnswer(answer)) return answer;
  if (answer.status === 404) return { wrong: `names ${path}, which Vault does not have`, fix: 'Check the path.' };
  if (answer.status !== 200) return refused(path, answer.status);
  // Version 2 of the key-value engine wraps the fields once more, beside what it knows of the version.
  const metadata = member(answer.json, 'data', 'metadata');
  const fields = metadata === undefined ? member(answer.json, 'data') : member(answer.json, 'data', 'data');
  return keyIn(JSON.stringify(fields ?? {}), field, moment(member(metadata, 'created_time')));
}

function refused(path: string, status: number): SecretFault {
  return {
    wrong: `names ${path}, which Vault does not give to this process (status ${status})`,
    fix: 'Check its token and that the policy allows to read the path.',
  };
}

async function tokenFor(address: string, source: SecretSource): Promise<string | SecretFault> {
  const { env } = source;
  const given = env['VAULT_TOKEN'];
  if (given !== undefined && given !== '') return given;
  const role = env['VAULT_ROLE_ID'];
  if (role !== undefined) {
    const body = { role_id: role, secret_id: env['VAULT_SECRET_ID'] ?? '' };
    return logIn(address, source, env['VAULT_APPROLE_PATH'] ?? 'auth/approle', body);
  }
  const kubernetes = env['VAULT_K8S_ROLE'];
  if (kubernetes !== undefined) {
    const jwt = await text(env['VAULT_K8S_TOKEN_FILE'] ?? '/var/run/secrets/kubernetes.io/serviceaccount/token');
    return logIn(address, source, env['VAULT_K8S_PATH'] ?? 'auth/kubernetes', { role: kubernetes, jwt });
  }
  const kept = await text(join(homedir(), '.vault-token'));
  if (kept !== '') return kept;
  const fix = 'Set VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID, or VAULT_K8S_ROLE.';
  return { wrong: 'names a secret in Vault, and there is no token to ask it with', fix };
}

async function logIn(
  address: string,
  source: SecretSource,
  mount: string,
  body: Readonly<Record<string, string>>,
): Promise<string | SecretFault> {
  const answer = await ask('Vault', {
    url: at(address, `${mount}/login`),
    method: 'POST',
    headers: { ...headers(source, null), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!isAnswer(answer)) return answer;
  const token = member(answer.json, 'auth', 'client_token');
  if (typeof token === 'string') return token;
  return {
    wrong: `names a secret in Vault, which refused to log this process in at ${mount} (status ${answer.status})`,
    fix: 'Check the role and its secret.',
  };
}

function headers({ env }: SecretSource, token: string | null): Record<string, string> {
  const namespace = env['VAULT_NAMESPACE'];
  return {
    'x-vault-request': 'true',
    ...(token === null ? {} : { 'x-vault-token': token }),
    ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
  };
}

function at(address: string, path: string): string {
  return `${address.replace(/\/+$/, '')}/v1/${path.replace(/^\/+/, '')}`;
}

async function text(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim();
}
