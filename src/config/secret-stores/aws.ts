import { keyIn, splitField } from './json.ts';
import type { SecretFault, SecretReading, SecretSource, SecretStore } from './store.ts';

const FORM = 'aws:NAME';

/** What Secrets Manager allows in names, and whole ARNs. */
const SHAPE = /^[\w/+=.@:-]{1,2048}$/;

const PACKAGE = '@aws-sdk/client-secrets-manager';

/** As long as the other stores are given. */
const PATIENCE_MS = 3_000;

/**
 * AWS Secrets Manager through AWS's own client, which knows the many ways in which a process can have an identity there
 * and signs for it. It is loaded when a reference first needs it; AWS_REGION and AWS_ENDPOINT_URL_SECRETS_MANAGER are its own.
 */
export const aws: SecretStore = {
  form: FORM,
  refreshMs: 300_000,
  check: (name) =>
    SHAPE.test(splitField(name).path)
      ? null
      : { wrong: 'does not name a secret by its name or ARN', fix: `Write ${FORM}, with #FIELD for a JSON secret.` },
  read,
};

async function read(name: string, source: SecretSource): Promise<SecretReading | SecretFault> {
  const { path, field } = splitField(name);
  const library = await import('@aws-sdk/client-secrets-manager').catch(() => null);
  if (library === null) {
    return { wrong: `needs the package ${PACKAGE}, which is not installed`, fix: `Run: npm install ${PACKAGE}` };
  }
  const client = new library.SecretsManagerClient({
    ...placeOf(path, source),
    maxAttempts: 2,
    requestHandler: { requestTimeout: PATIENCE_MS, connectionTimeout: PATIENCE_MS },
  });
  try {
    const answer = await client.send(new library.GetSecretValueCommand({ SecretId: path }));
    const value = answer.SecretString ?? Buffer.from(answer.SecretBinary ?? []).toString('utf8');
    return keyIn(value, field, answer.CreatedDate?.getTime() ?? null);
  } catch (error) {
    return faultOf(path, error);
  } finally {
    client.destroy();
  }
}

/** An ARN says in which region its secret is; for a plain name the environment does. */
function placeOf(path: string, { env }: SecretSource): { region?: string; endpoint?: string } {
  const [scheme, , , named] = path.split(':');
  const region = (scheme === 'arn' ? named : undefined) ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  const endpoint = env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] ?? env['AWS_ENDPOINT_URL'];
  return { ...(region === undefined ? {} : { region }), ...(endpoint === undefined ? {} : { endpoint }) };
}

/** What AWS calls the failures that do not pass by themselves, and what to do about each. */
const LASTING: Readonly<Record<string, { wrong: (path: string) => string; fix: string }>> = {
  ResourceNotFoundException: {
    wrong: (path) => `names ${path}, which AWS Secrets Manager does not have`,
    fix: 'Check the name, the account and the region.',
  },
  AccessDeniedException: {
    wrong: (path) => `names ${path}, which AWS does not give to this process`,
    fix: 'Allow its identity secretsmanager:GetSecretValue on it, and kms:Decrypt on its key.',
  },
  CredentialsProviderError: {
    wrong: () => 'names a secret in AWS, and this process has no identity there',
    fix: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role.',
  },
  UnrecognizedClientException: {
    wrong: () => 'names a secret in AWS, which does not know the access key of this process',
    fix: 'Renew AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
  },
};

function faultOf(path: string, error: unknown): SecretFault {
  const name = error instanceof Error ? error.name : 'unknown reason';
  const lasting = LASTING[name];
  if (lasting !== undefined) return { wrong: lasting.wrong(path), fix: lasting.fix };
  if (error instanceof Error && error.message.includes('Region is missing')) {
    return { wrong: 'names a secret in AWS without a region', fix: 'Set AWS_REGION, or name the secret by its ARN.' };
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : name;
  return {
    wrong: `cannot be read: AWS Secrets Manager gave no answer (${code})`,
    fix: 'Check that it can be reached from here.',
    passing: true,
  };
}
