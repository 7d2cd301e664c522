import { describe, expect, it } from 'vitest';
import { addressFault, isLoopback } from './addresses.ts';

describe('an upstream address', () => {
  it.each([
    'https://api.openai.com/v1',
    'https://10.0.0.1:8443/v1',
    'http://127.0.0.1:8000/v1',
    'http://localhost:11434/v1',
    'http://[::1]:8000/v1',
    'http://gpu.localhost/v1',
  ])('may be %s', (url) => {
    expect(addressFault(url, false, 'fix')).toBeNull();
  });

  it.each([
    ['api.openai.com', 'not a URL'],
    ['', 'not a URL'],
    ['localhost:8000', 'neither http nor https'],
    ['ftp://example.com', 'neither http nor https'],
    ['file:///etc/passwd', 'neither http nor https'],
    ['https://user:hunter2@example.com', 'credentials'],
    ['https://example.com/v1?api-version=1', 'query'],
    ['https://example.com/v1#x', 'query'],
    ['http://169.254.169.254/latest', 'metadata'],
    ['https://169.254.170.2/', 'metadata'],
    ['http://2852039166/', 'metadata'],
    ['http://0xa9.0xfe.0xa9.0xfe/', 'metadata'],
    ['http://[::ffff:169.254.169.254]/', 'metadata'],
    ['http://[64:ff9b::169.254.169.254]/', 'metadata'],
    ['http://[fd00:ec2::254]/', 'metadata'],
    ['http://[fd00:0ec2:0:0:0:0:0:254]/', 'metadata'],
    ['http://[fe80::1]/', 'metadata'],
    ['http://metadata.google.internal/', 'metadata'],
    ['http://METADATA.google.internal./', 'metadata'],
    ['http://100.100.100.200/', 'metadata'],
    ['http://10.0.0.1:8000/v1', 'unencrypted'],
    ['http://127.0.0.1.example.com/v1', 'unencrypted'],
  ])('may not be %s: %s', (url, reason) => {
    const fault = addressFault(url, false, 'fix');
    expect(fault?.wrong).toContain(reason);
    expect(`${fault?.wrong} ${fault?.fix}`).not.toContain('hunter2');
  });

  it('may be plain http elsewhere when that is wanted, but never a metadata service', () => {
    expect(addressFault('http://10.0.0.1/v1', true, 'fix')).toBeNull();
    expect(addressFault('http://169.254.169.254/v1', true, 'fix')?.wrong).toContain('metadata');
  });
});

it.each([
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['localhost', true],
  ['::1', true],
  ['[::1]', true],
  ['::ffff:7f00:1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['localhost.example.com', false],
])('%s is loopback: %s', (host, loopback) => {
  expect(isLoopback(host)).toBe(loopback);
});
