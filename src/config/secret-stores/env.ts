import type { SecretSource, SecretStore } from './store.ts';
import { secretValueFault } from './text.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Environment variables: read once, because nobody can change them for a process that runs. */
export const env: SecretStore = {
  form: 'env:NAME',
  refreshMs: null,
  check: (name) =>
    NAME.test(name) ? null : { wrong: 'is not the name of an environment variable', fix: 'Write env:NAME.' },
  read: (name, source) => Promise.resolve(readVariable(name, source)),
};

function readVariable(name: string, { env: variables }: SecretSource): Awaited<ReturnType<SecretStore['read']>> {
  const value = variables[name];
  if (value === undefined || value === '') {
    return {
      wrong: `names the environment variable ${name}, which is ${value === '' ? 'empty' : 'not set'}`,
      fix: `Set ${name} before starting, or name another source.`,
    };
  }
  const fault = secretValueFault(value);
  if (fault === null) return { value, since: null };
  return { wrong: `names ${name}, whose value ${fault}`, fix: `Set ${name} to the bare key.` };
}
