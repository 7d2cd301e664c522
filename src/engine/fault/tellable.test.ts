import { describe, expect, it } from 'vitest';
import { tellable } from './index.ts';

/** Made up here, so that no real-looking credential stands in the source. */
const noise = 'aZ4'.repeat(14);

const SECRETS: readonly string[] = [
  `Incorrect API key provided: sk-${noise}.`,
  `key sk-proj-${noise} and sk-ant-api03-${noise}`,
  `Authorization: Bearer ${noise}`,
  `{"api_key": "${noise}"}`,
  `{\\"x-api-key\\": \\"${noise}\\"}`,
  `GET https://h.example/v1?key=${noise}&alt=sse`,
  `postgres://user:${noise}@db.example/x`,
  `gsk_${noise} xai-${noise} hf_${noise} AIza${noise}`,
  `jwt eyJ${noise}.eyJ${noise}.${noise}`,
];

const HARMLESS: readonly string[] = [
  'Incorrect API key provided: sk-ab***************yz.',
  'Use Bearer authentication, or Basic authentication.',
  'max_tokens: 99999 > 64000',
  'request req_0123456789abcdef0123456789abcdef failed',
  'The model `gpt-4o-2024-08-06` does not exist',
];

describe('tellable', () => {
  it.each(SECRETS)('masks the secret in %j', (text) => {
    expect(tellable(text)).toContain('[redacted]');
    expect(tellable(text)).not.toContain('aZ4aZ4');
  });

  it.each(HARMLESS)('leaves %j alone', (text) => {
    expect(tellable(text)).toBe(text);
  });

  it('makes one short line, also where a pair of surrogates is cut', () => {
    expect(tellable('a\n\n b\tc')).toBe('a b c');
    const cut = tellable('😀'.repeat(300), 100);
    expect([cut.length <= 100, cut.isWellFormed()]).toEqual([true, true]);
  });

  it('masks a secret that the cut would go through', () => {
    expect(tellable(`${'x '.repeat(240)}sk-${noise}`, 500)).not.toContain('aZ4');
  });
});
