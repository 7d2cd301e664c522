import { readFile } from 'node:fs/promises';
import { ask, isAnswer, type Question } from './ask.ts';
import { keyIn, member, moment, splitField } from './json.ts';
import type { SecretFault, SecretReading, SecretSource, SecretStore } from './store.ts';

const FORM = 'azure:VAULT/NAME';

/** Version of Key Vault's REST API that is spoken; 7.4 is generally available in every cloud. */
const API_VERSION = '7.4';

/** A vault by its short name or, in other clouds than the public one, by its whole host; then the secret, then a version. */
const SHAPE = /^([\w.-]+(?::\d+)?)\/([\w-]+)(?:\/([0-9a-f]{32}))?$/;

/**
 * Azure Key Vault over its REST API, as the process's own identity, found as Azure's tools find it: a client secret or a
 * federated token from the environment (AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or
 * AZURE_FEDERATED_TOKEN_FILE), else the managed identity of the service or the machine.
 */
export const azure: SecretStore = {
  form: FORM,
  refreshMs: 300_000,
  check: (name) =>
    SHAPE.test(splitField(name).path)
      ? null
      : { wrong: 'does not name a vault and a secret in it', fix: `Write ${FORM}, with #FIELD for a JSON secret.` },
  read,
};

async function read(name: string, source: SecretSource): Promise<SecretReading | SecretFault> {
  const { path, field } = splitField(name);
  const [, vault = '', secret = '', version = ''] = SHAPE.exec(path) ?? [];
  const host = vault.includes('.') || vault.includes(':') ? vault : `${vault}.vault.azure.net`;
  const token = await tokenFor(host, source);
  if (typeof token !== 'string') return token;
  const origin = source.env['HOLDFAST_AZURE_VAULT_ORIGIN'] ?? `https://${host}`;
  const url = `${origin}/secrets/${secret}/${version}?api-version=${API_VERSION}`;
  const answer = await ask('Azure Key Vault', { url, headers: { authorization: `Bearer ${token}` } });
  if (!isAnswer(answer)) return answer;
  const value = member(answer.json, 'value');
  if (answer.status === 200 && typeof value === 'string') {
    return keyIn(value, field, moment(member(answer.json, 'attributes', 'updated')));
  }
  if (answer.status === 404) return { wrong: `names ${secret}, which ${host} does not have`, fix: 'Check the name.' };
  return {
    wrong: `names ${secret}, which ${host} does not give to this process (status ${answer.status})`,
    fix: 'Give its identity the role Key Vault Secrets User; check that the secret is enabled.',
  };
}

async function tokenFor(host: string, source: SecretSource): Promise<string | SecretFault> {
  // The audience is the cloud's vault service: everything after the vault's own name.
  const audience = `https://${host.replace(/:\d+$/, '').split('.').slice(1).join('.') || 'vault.azure.net'}`;
  const question = await identity(audience, source);
  const answer = await ask('the Azure identity service', question);
  if (!isAnswer(answer)) return answer;
  const token = member(answer.json, 'access_token');
  if (answer.status === 200 && typeof token === 'string') return token;
  return {
    wrong: `names a secret in Azure Key Vault, and Azure gave this process no token (status ${answer.status})`,
    fix: 'Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or give the machine a managed identity.',
  };
}

async function identity(audience: string, { env }: SecretSource): Promise<Question> {
  const { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: client, AZURE_CLIENT_SECRET: secret } = env;
  const tokenFile = env['AZURE_FEDERATED_TOKEN_FILE'];
  if (tenant !== undefined && client !== undefined && (secret !== undefined || tokenFile !== undefined)) {
    const authority = (env['AZURE_AUTHORITY_HOST'] ?? 'https://login.microsoftonline.com').replace(/\/+$/, '');
    const proof = secret !== undefined ? { client_secret: secret } : await assertion(tokenFile ?? '');
    const form = { grant_type: 'client_credentials', client_id: client, scope: `${audience}/.default`, ...proof };
    return {
      url: `${authority}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
    };
  }
  const chosen: Record<string, string> = client === undefined ? {} : { client_id: client };
  const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header } = env;
  if (endpoint !== undefined && header !== undefined) {
    const query = new URLSearchParams({ resource: audience, 'api-version': '2019-08-01', ...chosen });
    return { url: `${endpoint}?${query.toString()}`, headers: { 'x-identity-header': header } };
  }
  const query = new URLSearchParams({ resource: audience, 'api-version': '2018-02-01', ...chosen });
  return {
    url: `http://169.254.169.254/metadata/identity/oauth2/token?${query.toString()}`,
    headers: { metadata: 'true' },
  };
}

async function assertion(tokenFile: string): Promise<Record<string, string>> {
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: (await readFile(tokenFile, 'utf8').catch(() => '')).trim(),
  };
}
