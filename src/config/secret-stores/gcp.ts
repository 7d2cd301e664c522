import { createSign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ask, isAnswer, type Question } from './ask.ts';
import { keyIn, member, splitField } from './json.ts';
import type { SecretFault, SecretReading, SecretSource, SecretStore } from './store.ts';

const FORM = 'gcp:PROJECT/NAME';

/** Project and secret, in short or as Google writes the whole resource name; then a version or alias, else the latest. */
const SHAPE = /^(?:projects\/)?([\w.:-]+)\/(?:secrets\/)?([\w-]+)(?:\/(?:versions\/)?([\w-]+))?$/;

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/**
 * Google Secret Manager over its REST API, as the process's own identity: a service account's key file
 * (GOOGLE_APPLICATION_CREDENTIALS), else the identity of the machine from its metadata server.
 */
export const gcp: SecretStore = {
  form: FORM,
  refreshMs: 300_000,
  check: (name) =>
    SHAPE.test(splitField(name).path)
      ? null
      : { wrong: 'does not name a project and a secret in it', fix: `Write ${FORM}, with #FIELD for a JSON secret.` },
  read,
};

async function read(name: string, source: SecretSource): Promise<SecretReading | SecretFault> {
  const { path, field } = splitField(name);
  const [, project = '', secret = '', version = 'latest'] = SHAPE.exec(path) ?? [];
  const token = await tokenFor(source);
  if (typeof token !== 'string') return token;
  const origin = source.env['HOLDFAST_GCP_SECRETS_ORIGIN'] ?? 'https://secretmanager.googleapis.com';
  const headers = { authorization: `Bearer ${token}` };
  const url = `${origin}/v1/projects/${project}/secrets/${secret}/versions/${version}:access`;
  const answer = await ask('Google Secret Manager', { url, headers });
  if (!isAnswer(answer)) return answer;
  const data = member(answer.json, 'payload', 'data');
  if (answer.status === 200 && typeof data === 'string') {
    // When a version was made stands elsewhere, behind a permission of its own: the age is counted from first sight.
    return keyIn(Buffer.from(data, 'base64').toString('utf8'), field, null);
  }
  if (answer.status === 404)
    return { wrong: `names ${secret}, which ${project} does not have`, fix: 'Check the name.' };
  return {
    wrong: `names ${secret}, which Google does not give to this process (status ${answer.status})`,
    fix: 'Give its identity the role Secret Manager Secret Accessor; check that the version is enabled.',
  };
}

async function tokenFor({ env }: SecretSource): Promise<string | SecretFault> {
  const question = await identity(env['GOOGLE_APPLICATION_CREDENTIALS'], env['GCE_METADATA_HOST']);
  if ('wrong' in question) return question;
  const answer = await ask('the Google identity service', question);
  if (!isAnswer(answer)) return answer;
  const token = member(answer.json, 'access_token');
  if (answer.status === 200 && typeof token === 'string') return token;
  return {
    wrong: `names a secret in Google Secret Manager, and Google gave this process no token (status ${answer.status})`,
    fix: 'Set GOOGLE_APPLICATION_CREDENTIALS to a key file, or give the machine a service account.',
  };
}

async function identity(
  keyFile: string | undefined,
  metadataHost: string | undefined,
): Promise<Question | SecretFault> {
  if (keyFile === undefined) {
    const host = metadataHost ?? 'metadata.google.internal';
    const url = `http://${host}/computeMetadata/v1/instance/service-accounts/default/token`;
    return { url, headers: { 'metadata-flavor': 'Google' } };
  }
  const fix = 'Download the JSON key of a service account and name its file.';
  try {
    const account: unknown = JSON.parse(await readFile(keyFile, 'utf8'));
    const [email, key, url] = ['client_email', 'private_key', 'token_uri'].map((name) => member(account, name));
    if (typeof email === 'string' && typeof key === 'string' && typeof url === 'string') {
      return exchange(url, signed({ iss: email, scope: SCOPE, aud: url }, key));
    }
  } catch {
    return { wrong: 'needs GOOGLE_APPLICATION_CREDENTIALS, which names no readable key file', fix };
  }
  return { wrong: "needs GOOGLE_APPLICATION_CREDENTIALS, which is no service account's key file", fix };
}

/** A service account proves itself by a JWT of its own (RFC 7523), which is exchanged for a token. */
function exchange(url: string, assertion: string): Question {
  const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
  return {
    url,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  };
}

function signed(claims: Readonly<Record<string, string>>, key: string): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ ...claims, iat: now, exp: now + 3600 })}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`;
}
