import { addressFault } from './addresses.ts';
import { countersFault } from './counters.ts';
import { databaseFault } from './database.ts';
import { POINTS_BACK, pointsBack } from './references.ts';
import type { Problem } from './problem.ts';
import { secretValueFault } from './secret-stores/text.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the variables that go before a file: where to listen, to keep records and to count. Null where the environment says
 * nothing; a variable that is set but empty says nothing.
 */
export function readServerVariables(env: Environment): {
  host: string | null;
  port: number | null;
  data: string | null;
  counters: string | null;
  database: string | null;
  problems: Problem[];
} {
  const problems: Problem[] = [];
  const host = said(env, 'HOLDFAST_HOST');
  if (host !== null && !/^[A-Za-z0-9.:_-]+$/.test(host)) {
    problems.push(
      problem('HOLDFAST_HOST', 'is not a host name or address', 'Write one such as 127.0.0.1, without a scheme.'),
    );
  }
  const port = said(env, 'HOLDFAST_PORT');
  if (port !== null && !isPort(port)) {
    const shown = /^-?[\w.]{1,12}$/.test(port) ? `"${port}" is not a port` : 'is not a port';
    problems.push(problem('HOLDFAST_PORT', shown, 'Write a whole number from 0 to 65535.'));
  }
  const data = said(env, 'HOLDFAST_DATA');
  if (data?.includes('\0') === true) {
    problems.push(problem('HOLDFAST_DATA', 'is not a path', 'Write the path of a directory.'));
  }
  const counters = said(env, 'HOLDFAST_COUNTERS');
  const countersWrong = counters === null ? null : countersFault(counters);
  if (countersWrong !== null) problems.push(problem('HOLDFAST_COUNTERS', countersWrong.wrong, countersWrong.fix));
  const database = said(env, 'HOLDFAST_DATABASE');
  const databaseWrong = database === null ? null : databaseFault(database);
  if (databaseWrong !== null) problems.push(problem('HOLDFAST_DATABASE', databaseWrong.wrong, databaseWrong.fix));
  return { host, port: port !== null && isPort(port) ? Number(port) : null, data, counters, database, problems };
}

/** Reads the variables that describe the one upstream of a gateway whose file names none. */
export function readUpstreamVariables(
  env: Environment,
  port: number,
): { hasKey: boolean; baseUrl: string | null; problems: Problem[] } {
  const problems: Problem[] = [];
  const key = said(env, 'OPENAI_API_KEY');
  const keyFault = key === null ? null : secretValueFault(key);
  if (keyFault !== null) {
    problems.push(problem('OPENAI_API_KEY', keyFault, 'Set it to the bare key, or unset it.'));
  }
  const baseUrl = said(env, 'OPENAI_BASE_URL');
  const urlFault = baseUrl === null ? null : upstreamFault(baseUrl, port);
  if (urlFault !== null) problems.push(problem('OPENAI_BASE_URL', urlFault.wrong, urlFault.fix));
  return { hasKey: key !== null, baseUrl, problems };
}

function upstreamFault(baseUrl: string, port: number): { wrong: string; fix: string } | null {
  const fix = 'Use https, or a configuration file whose target says allowInsecure: true.';
  return addressFault(baseUrl, false, fix) ?? (pointsBack(baseUrl, port) ? POINTS_BACK : null);
}

function said(env: Environment, name: string): string | null {
  const value = env[name];
  return value === undefined || value === '' ? null : value;
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
}

function problem(field: string, wrong: string, fix: string): Problem {
  return { place: { kind: 'environment' }, field, wrong, fix };
}
