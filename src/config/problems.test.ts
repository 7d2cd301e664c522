import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from './load.ts';
import { ConfigError } from './problem.ts';

const KEY = 'sk-proj-0123456789abcdefghij';
const ENV = { OPENAI_API_KEY: KEY };

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'holdfast-config-'));
});
afterAll(() => rm(cwd, { recursive: true }));

/** Everything that is said about a file, one line for each problem: `line:column field: wrong / fix`. */
async function problems(yaml: string, env: Record<string, string> = ENV): Promise<string[]> {
  await writeFile(join(cwd, 'c.yaml'), yaml);
  const failure = await loadConfig({ file: 'c.yaml', env, cwd }).catch((error: unknown) => error);
  if (!(failure instanceof ConfigError)) return [];
  if (/hunter2|sk-proj|null|undefined/.test(failure.message)) throw new Error(`a secret is shown: ${failure.message}`);
  return failure.problems.map(({ place, field, wrong, fix }) => {
    const at = place.kind === 'file' ? `${place.line}:${place.column}` : 'environment';
    return `${at} ${field}: ${wrong} / ${fix}`;
  });
}

const TARGET = 'targets: { a: { provider: openai } }\n';

describe('one mistake, one message', () => {
  it.each([
    ['servr: {}', '1:1 servr: is not a known field / Did you mean "server"?'],
    ['server:\n  prot: 1', '2:3 server.prot: is not a known field / Did you mean "port"?'],
    ['server: { port: 70000 }', '1:17 server.port: 70000 cannot be used / It must be at most 65535.'],
    ['server: { port: "80" }', '1:17 server.port: "80" cannot be used / It must be a whole number from 0 to 65535.'],
    ['server:', '1:8 server: is empty / Remove it, or fill it in: it must be a mapping of fields.'],
    ['server: { open: maybe }', '1:17 server.open: "maybe" cannot be used / It must be true or false.'],
    [
      'server: { limits: { bodyBytes: lots } }',
      '1:32 server.limits.bodyBytes: "lots" cannot be used / It must be a size: 64KiB, 10MB, 1GiB, or a number of bytes.',
    ],
    [
      'records: { retention: { age: 0 } }',
      '1:30 records.retention.age: 0 cannot be used / It must be longer than nothing.',
    ],
    ['- a', '1:1 : a list cannot be used / It must be a mapping of fields.'],
    [
      'targets: { a: nonsense }',
      '1:15 targets.a: "nonsense" cannot be used / It must be a mapping with provider, key and baseUrl.',
    ],
    [
      'targets: { a: { provider: opnai } }',
      '1:27 targets.a.provider: "opnai" is not a known provider / Did you mean "openai"?',
    ],
    [
      'targets: { a: {} }',
      '1:12 targets.a.provider: names no provider / Write one of openai, azure, openai-compatible, anthropic, gemini, vllm, llama.cpp, ollama, lmstudio, openrouter, groq, mistral, deepseek, xai, together, fireworks, cerebras.',
    ],
    ['targets: { a b: { provider: openai } }', '1:12 targets.(not shown): the id must be at most 64 letters'],
    [
      'targets: { a: { provider: openai, apiKey: x } }',
      '1:35 targets.a.apiKey: is not a known field / Did you mean "key"?',
    ],
    [
      'targets: { a: { provider: openai, deployment: x } }',
      '1:35 targets.a.deployment: is not a known field / Only targets with provider: azure have it.',
    ],
    ['targets: { a: { provider: azure, key: none } }', '1:12 targets.a.baseUrl: is missing / It must be a URL.'],
    [
      'targets: { a: { provider: azure, key: none, baseUrl: https://x.openai.azure.com/openai/deployments/d/chat } }',
      "1:54 targets.a.baseUrl: is the URL of a deployment / Write the resource's endpoint",
    ],
    [
      'targets: { a: { provider: azure, key: none, baseUrl: https://x, deployment: d, apiVersion: 2024 } }',
      '1:92 targets.a.apiVersion: 2024 cannot be used / It must be text such as 2024-10-21.',
    ],
    [
      'targets: { a: { provider: azure, key: none, baseUrl: https://x, deployment: d } }',
      '1:12 targets.a.apiVersion: is missing beside deployment / Add apiVersion, or remove deployment to use the v1 API',
    ],
    [
      'targets: { a: { provider: azure, key: none, baseUrl: https://x, apiVersion: 2024-10-21 } }',
      '1:12 targets.a.deployment: is missing beside apiVersion / Add deployment',
    ],
    ['server: { port:80 }', '1:11 server.(not shown): is not a known field / Put a space after the colon.'],
    [`targets: { a: { provider: openai, key: ${KEY} } }`, '1:40 targets.a.key: holds the secret itself'],
    ['targets: { a: { provider: openai, key: hunter2 } }', '1:40 targets.a.key: holds the secret itself'],
    [
      'targets: { a: { provider: openai, key: vault:x } }',
      '1:40 targets.a.key: does not name a path in Vault and a field of it',
    ],
    [
      'targets: { a: { provider: openai, key: env:NOPE } }',
      '1:40 targets.a.key: names the environment variable NOPE, which is not set / Set NOPE before starting',
    ],
    [
      'targets: { a: { provider: openai, baseUrl: "https://u:hunter2@x/v1" } }',
      '1:44 targets.a.baseUrl: carries credentials / Take them out',
    ],
    [
      'targets: { a: { provider: openai, baseUrl: "http://169.254.169.254/v1", allowInsecure: true } }',
      '1:44 targets.a.baseUrl: points at a cloud metadata service',
    ],
    [
      'targets: { a: { provider: openai, baseUrl: "http://10.0.0.1/v1" } }',
      '1:44 targets.a.baseUrl: would send keys and prompts to 10.0.0.1 unencrypted / Use https, or add allowInsecure: true',
    ],
    [
      'targets: { a: { provider: openai, baseUrl: "http://localhost:4141/v1" } }',
      '1:44 targets.a.baseUrl: points back at this gateway itself',
    ],
    [
      `targets: { a: { provider: openai, headers: { x: "Bearer hunter2" } } }`,
      '1:49 targets.a.headers.x: holds a secret; it is not shown here / Name the secret in key instead.',
    ],
    [
      `targets: { a: { provider: openai, headers: { Api-Key: hunter2 } } }`,
      '1:55 targets.a.headers.Api-Key: is a header that Holdfast writes itself / Remove it',
    ],
    [
      'targets: { a: { provider: openai, breaker: { open: 90s } } }',
      '1:52 targets.a.breaker.open: open (90s) is longer than maxOpen (24s) / Make maxOpen at least as long as open.',
    ],
    [
      'defaults: { retry: { cap: 100ms } }',
      '1:27 defaults.retry.cap: base (500ms) is longer than cap (100ms) / Make cap at least as long as base.',
    ],
    [
      'defaults: { retry: { jitter: ful } }',
      '1:30 defaults.retry.jitter: "ful" is not known here / Did you mean "full"?',
    ],
    [
      'defaults: { timeouts: { total: 40d } }',
      '1:32 defaults.timeouts.total: "40d" cannot be used / It must not be longer than 1d.',
    ],
    [
      'defaults: { fallbackOn: [overladed] }',
      '1:26 defaults.fallbackOn[0]: "overladed" is not known here / Did you mean "overloaded"?',
    ],
    [
      'defaults: { fallbackOn: [cancelled] }',
      '1:26 defaults.fallbackOn[0]: "cancelled" is not known here / Known here:',
    ],
    [
      'defaults: { fallbackOn: { ad: [timeout] } }',
      '1:27 defaults.fallbackOn.ad: is not a known field / Did you mean "add"?',
    ],
  ])('%s', async (yaml, expected) => {
    const said = await problems(yaml);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(expected);
  });

  it.each([
    [
      '{ models: gpt-*, ladder: [a] }',
      '2:20 routes[0].models: "gpt-*" cannot be used / It must be a list of model names',
    ],
    ['{ models: [], ladder: [a] }', '2:20 routes[0].models: names no model'],
    ['{ models: ["*"] }', '2:10 routes[0].ladder: is missing / It must be a list of rungs.'],
    ['{ models: ["*"], ladder: [] }', '2:35 routes[0].ladder: has no rung in it'],
    ['{ models: ["*"], ladder: [[]] }', '2:36 routes[0].ladder[0]: has no target in it'],
    [
      '{ models: ["*"], ladder: [7] }',
      '2:36 routes[0].ladder[0]: 7 cannot be used / It must be a target, a list of targets',
    ],
    ['{ models: ["*"], ladder: [b] }', '2:36 routes[0].ladder[0]: is not the id of a target / Known here: a.'],
    [
      '{ models: ["*"], ladder: [{ target: bb }] }',
      '2:46 routes[0].ladder[0].target: is not the id of a target / Known here: a.',
    ],
    [
      '{ models: ["*"], ladder: [{ target: a, weight: 0 }] }',
      '2:57 routes[0].ladder[0].weight: 0 cannot be used / It must be above 0.',
    ],
    ['{ models: ["*"], ladder: [{ target: a, weight: -1 }] }', '2:57 routes[0].ladder[0].weight: -1 cannot be used'],
    [
      '{ models: ["*"], ladder: [[{ target: a, wieght: 2 }]] }',
      '2:50 routes[0].ladder[0][0].wieght: is not a known field / Did you mean "weight"?',
    ],
    ['{ models: ["*"], ladder: [[a, a]] }', '2:40 routes[0].ladder[0][1]: stands in this rung twice'],
    [
      '{ id: x, models: [b], ladder: [a] }, { id: x, models: [c], ladder: [a] }',
      '2:53 routes[1].id: has the same id as routes[0]',
    ],
    ['{ models: [b], ladder: [a] }, { models: [b], ladder: [a] }', '2:40 routes[1]: has the same id as routes[0]'],
    [
      '{ models: ["*"], ladder: [a] }, { models: [b], ladder: [a] }',
      '2:42 routes[1]: is never reached: routes[0] takes every model',
    ],
  ])('a route %s', async (route, expected) => {
    const said = await problems(`${TARGET}routes: [${route}]`);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(expected);
  });

  it('tells what else is wrong with a target whose provider is misspelt', async () => {
    expect(await problems('targets: { a: { provider: opnai, kye: env:A_KEY } }')).toEqual([
      '1:27 targets.a.provider: "opnai" is not a known provider / Did you mean "openai"?',
      '1:34 targets.a.kye: is not a known field / Did you mean "key"?',
    ]);
  });

  it.each([
    ['routes: [{ models: [*], ladder: [a] }]', '1:21 : a * begins an alias in YAML', '"*"'],
    ['routes: [{ models: [*gpt], ladder: [a] }]', '1:21 : a * begins an alias in YAML', '"*"'],
    ['server:\n\tport: 1', '2:1 : a tab stands', 'spaces'],
    ['data: x\ndata: y', '2:1 : this field is written twice', 'Keep one'],
    ['data: [1', '1:9 : the indentation does not fit, or a bracket', 'close'],
    ['data: { a: 1\n', '2:1 : ', 'lose'],
    [`data: "${KEY}\nx: 1`, '2:5 : a closing bracket, quotation mark', 'Close'],
    ['data: !secret x', '1:7 : a ! begins a tag', 'quotation marks'],
    ['data: x\n---\ndata: y', '2:1 : a second document', 'Keep one'],
  ])('YAML that cannot be read: %j', async (yaml, expected, fix) => {
    const said = await problems(yaml);
    expect(said[0]).toContain(expected);
    expect(said[0]).toContain(fix);
  });
});

describe('the whole message', () => {
  it('lists every problem at once, in the order of the file, each once', async () => {
    const said = await problems(
      [
        'servr: {}',
        'targets:',
        '  a: { provider: openai, key: env:NOPE }',
        `  b: { provider: azure, key: ${KEY} }`,
        'routes:',
        '  - { models: ["*"], ladder: [opnai, a], retry: { jitter: ful } }',
        '  - { models: [x], ladder: [] }',
      ].join('\n'),
      { ...ENV, HOLDFAST_PORT: 'abc' },
    );
    expect(said.map((line) => line.replace(/^(\S+ \S*): .*/, '$1'))).toEqual([
      '1:1 servr',
      '3:31 targets.a.key',
      '4:3 targets.b.baseUrl',
      '4:30 targets.b.key',
      '6:31 routes[0].ladder[0]',
      '6:59 routes[0].retry.jitter',
      '7:5 routes[1]',
      '7:28 routes[1].ladder',
      'environment HOLDFAST_PORT',
    ]);
  });

  it('names the file as it was given', async () => {
    await writeFile(join(cwd, 'bad.yaml'), 'server: { port: 70000 }');
    await expect(loadConfig({ file: './bad.yaml', env: ENV, cwd })).rejects.toThrow(
      'the configuration has a problem\n\n' +
        '  ./bad.yaml:1:17 server.port: 70000 cannot be used\n      It must be at most 65535.',
    );
  });

  it.each([
    ['nowhere.yaml', 'nowhere.yaml: there is no such file'],
    ['.', '.: is a directory'],
  ])('names a file that cannot be read: %s', async (file, expected) => {
    await expect(loadConfig({ file, env: ENV, cwd })).rejects.toThrow(expected);
  });

  it('never shows what might be a secret, wherever it was put by mistake', async () => {
    const spots = [
      `data: ["${KEY}"]`,
      `${KEY}: 1`,
      `server: { host: ["${KEY}"], port: ${KEY} }`,
      `server: { ${KEY}: 1 }`,
      `targets: { a: ${KEY} }`,
      `targets: { a: { provider: ${KEY} } }`,
      `targets: { a: key:${KEY.slice(0, 20)} }`,
      `targets: { a: { provider: 'key: ${KEY}' } }`,
      `server:\n  key:${KEY}`,
      `targets: { a: { provider: openai, baseUrl: ${KEY} } }`,
      `targets: { a: { provider: openai, key: "env: ${KEY}" } }`,
      `targets: { a: { provider: openai, key: "file:${KEY}" } }`,
      `targets: { a: { provider: openai, token: ${KEY} } }`,
      `defaults: { retry: { jitter: ${KEY}, base: ${KEY} } }`,
      `defaults: { fallbackOn: [${KEY}] }`,
      `${TARGET}routes: [{ models: ["*"], ladder: [${KEY}] }]`,
      `data: 'x\n${KEY}`,
      `targets: { a: { provider: openai, key:${KEY} } }`,
      `targets: { a: { provider: openai, headers: { ${KEY}: x y\u0007 } } }`,
      `targets: { ${KEY}: { provider: openai, key: none, base: 1 } }`,
      `targets: { a${KEY}: { provider: openai, key: none } }\nroutes: [{ models: [x], ladder: [b] }]`,
      `targets: { ? { a: ${KEY} } : x }`,
    ];
    for (const yaml of spots) expect([yaml, ...(await problems(yaml))].length).toBeGreaterThan(1);
  });
});
