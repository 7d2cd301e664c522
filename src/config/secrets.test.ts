import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeldSecret, isSecret, readSecret, secretReferenceFault, showName } from './secrets.ts';

const KEY = 'sk-proj-0123456789abcdefghij';

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'holdfast-secrets-'));
});
afterAll(() => rm(cwd, { recursive: true }));

describe('a reference', () => {
  it.each([
    'env:OPENAI_API_KEY',
    'env:MY_COMPANY_OPENAI_API_KEY_EU_1',
    'file:/run/secrets/openai-key-2026',
    'aws:prod/openai',
    'aws:arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/openai-AbCdEf#apiKey',
    'azure:team-vault/openai-key',
    'azure:team-vault.vault.azure.cn/openai-key/0123456789abcdef0123456789abcdef',
    'gcp:my-project/openai-key',
    'gcp:projects/my-project/secrets/openai-key/versions/3',
    'vault:secret/data/openai#key',
    'none',
    'caller',
  ])('may be %s', (written) => {
    expect(secretReferenceFault(written)).toBeNull();
  });

  it.each([
    [KEY, 'the secret itself'],
    ['Bearer abcdefgh', 'the secret itself'],
    ['0123456789abcdef0123456789abcdef', 'the secret itself'],
    ['hunter2', 'the secret itself'],
    [`env:${KEY}`, 'the secret itself'],
    ['env:gsk_abcdef0123', 'the secret itself'],
    [`file:${KEY}`, 'the secret itself'],
    ['file:a0123456789abcdef0123456789abcdef', 'the secret itself'],
    ['${OPENAI_API_KEY}', 'as a shell would'],
    ['env:NO-HYPHENS', 'not the name'],
    ['env:', 'not the name'],
    ['file:', 'names no file'],
    ['aws:', 'by its name or ARN'],
    ['azure:only-a-vault', 'a vault and a secret in it'],
    ['gcp:only-a-project', 'a project and a secret in it'],
    ['vault:secret/data/openai', 'a path in Vault and a field of it'],
    ['vault:secret/../sys/raw#x', 'a path in Vault and a field of it'],
    ['constructor:x', 'the secret itself'],
  ])('may not be %s', (written, reason) => {
    const fault = secretReferenceFault(written);
    expect(fault?.wrong).toContain(reason);
    expect(fault?.fix).toMatch(/^(?:Write |Leave )/);
    for (const part of [KEY, 'hunter2', 'gsk_abc', '0123456789abcdef']) {
      expect(`${fault?.wrong} ${fault?.fix}`).not.toContain(part);
    }
  });
});

it.each([
  ['azure-openai-swedencentral-2', true],
  ['house_model.v2', true],
  ['gpt-4o-mini-2024-07-18-preview', true],
  [KEY, false],
  [`a${KEY}`, false],
  ['a0123456789abcdef0123456789abcdef', false],
  [`key:${KEY}`, false],
  ['two words', false],
])('the name %j is shown: %s', (name, shown) => {
  expect(showName(name) === name).toBe(shown);
});

describe('reading', () => {
  async function read(written: string, env: Record<string, string> = {}): Promise<string> {
    const found = await readSecret(written, { env, cwd, read: true });
    if (!isSecret(found)) return `${found.wrong} | ${found.fix}`;
    if (found.kind !== 'held') return found.kind;
    const { missing } = found;
    return missing === null ? (found.reveal() ?? 'nothing') : `${missing.wrong} | ${missing.fix}`;
  }

  it('takes a variable, a file, nothing, or what the caller sent', async () => {
    await writeFile(join(cwd, 'good'), `  ${KEY}\n`);
    expect(await read('env:K', { K: KEY })).toBe(KEY);
    expect(await read('file:good')).toBe(KEY);
    expect(await read(`file:${join(cwd, 'good')}`)).toBe(KEY);
    expect(await read('none')).toBe('none');
    expect(await read('caller')).toBe('caller');
  });

  it.each([
    [{}, 'K, which is not set'],
    [{ K: '' }, 'K, which is empty'],
    [{ K: `"${KEY}"` }, 'quotation marks'],
    [{ K: `${KEY}\n` }, 'white space or a line break'],
    [{ K: `${KEY} x` }, 'white space in it'],
    [{ K: 'undefined' }, 'placeholder'],
    [{ K: 'sk-...' }, 'placeholder'],
    [{ K: `${KEY}é` }, 'characters'],
  ])('names what is wrong with a variable: %j', async (env: Record<string, string>, reason) => {
    const said = await read('env:K', env);
    expect(said).toContain(reason);
    expect(said).not.toContain('sk-');
  });

  it.each([
    ['bom', `\uFEFF${KEY}`, 'byte order mark'],
    ['lines', `${KEY}\n${KEY}\n`, 'more than one line'],
    ['quotes', `'${KEY}'`, 'quotation marks'],
    ['empty', '\n', 'is empty'],
    ['wide', Buffer.from(KEY, 'utf16le'), 'not UTF-8'],
  ])('names what is wrong with a file: %s', async (name, content, reason) => {
    await writeFile(join(cwd, name), content);
    const said = await read(`file:${name}`);
    expect(said).toContain(`names ${name}`);
    expect(said).toContain(reason);
    expect(said).not.toContain('sk-');
  });

  it('names a file that is not there', async () => {
    expect(await read('file:nowhere')).toContain('names the file nowhere, which cannot be read (ENOENT)');
  });
});

describe('a held secret', () => {
  it('shows where it came from, never what it is', () => {
    const secret = new HeldSecret('env:K', { value: KEY, since: null });
    const shown = [String(secret), JSON.stringify({ secret }), inspect(secret, { showHidden: true, depth: 9 })];
    expect(shown.join(' ')).not.toContain('sk-');
    expect(JSON.stringify({ secret })).toBe('{"secret":"env:K"}');
    expect(Object.isFrozen(secret)).toBe(true);
    expect(secret.reveal()).toBe(KEY);
  });

  it('that was not read has nothing to tell', () => {
    const secret = new HeldSecret('env:K', null);
    expect([secret.reveal(), secret.fingerprint, secret.since]).toEqual([null, null, null]);
  });

  it('gives the newest value that was adopted', () => {
    const secret = new HeldSecret('file:k', { value: 'old', since: null });
    const before = secret.fingerprint;
    secret.adopt({ value: 'new', since: 5 });
    expect([secret.reveal(), secret.since]).toEqual(['new', 5]);
    expect(secret.fingerprint).not.toBe(before);
  });
});
