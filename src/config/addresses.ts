import { isIPv4, isIPv6 } from 'node:net';

/** What is wrong with an upstream address and how to put it right. */
export interface AddressFault {
  readonly wrong: string;
  readonly fix: string;
}

/**
 * Names under which clouds hand out a machine's own credentials. A provider never lives there; a configuration that
 * points there would have those credentials read out to whoever may call the gateway.
 */
const METADATA_NAMES = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
]);

/** Addresses of the same services: AWS over IPv6, Alibaba, Azure's host agent, Oracle. 169.254/16 is tested by range. */
const METADATA_ADDRESSES = new Set([
  'fd00:ec2::254',
  'fd00:ec2::23',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
]);

/**
 * Checks an upstream base URL; null when it may be used. The URL itself is never quoted back, since credentials are
 * often pasted into one.
 *
 * @param allowInsecure plain http to another machine is wanted
 * @param insecureFix what to write when plain http is refused
 */
export function addressFault(written: string, allowInsecure: boolean, insecureFix: string): AddressFault | null {
  const url = parseUrl(written);
  if (url === null) {
    return { wrong: 'is not a URL', fix: 'Write the whole address, for example https://api.openai.com/v1.' };
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return { wrong: 'is neither http nor https', fix: 'Begin the address with https://.' };
  }
  if (url.username !== '' || url.password !== '') {
    return { wrong: 'carries credentials', fix: 'Take them out of the address and name the secret in the key.' };
  }
  if (url.search !== '' || url.hash !== '') {
    return {
      wrong: 'carries a query or a fragment',
      fix: 'Keep only what comes before the ? or #; an Azure API version belongs in apiVersion.',
    };
  }
  if (isMetadata(url.hostname)) {
    return {
      wrong: 'points at a cloud metadata service, which hands out the credentials of the machine',
      fix: "Write the provider's own address.",
    };
  }
  if (url.protocol === 'http:' && !allowInsecure && !isLoopback(url.hostname)) {
    return { wrong: `would send keys and prompts to ${url.hostname} unencrypted`, fix: insecureFix };
  }
  return null;
}

/** True for names and addresses that never leave this machine. */
export function isLoopback(host: string): boolean {
  const name = bareHost(host);
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  const v4 = embeddedIPv4(name) ?? name;
  return name === '::1' || (isIPv4(v4) && v4.startsWith('127.'));
}

/** Parses without throwing. */
export function parseUrl(written: string): URL | null {
  return URL.canParse(written) ? new URL(written) : null;
}

/** True for names and addresses under which clouds hand out credentials. */
export function isMetadata(host: string): boolean {
  const name = bareHost(host);
  const v4 = embeddedIPv4(name) ?? name;
  if (METADATA_NAMES.has(name) || METADATA_ADDRESSES.has(name) || METADATA_ADDRESSES.has(v4)) return true;
  return (isIPv4(v4) && v4.startsWith('169.254.')) || (isIPv6(name) && /^fe[89ab]/.test(name));
}

/** Lower case, no brackets, no final dot: the spellings of one host become one. */
function bareHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

/**
 * The IPv4 address inside an IPv4-mapped (`::ffff:a9fe:a9fe`) or NAT64 (`64:ff9b::a9fe:a9fe`) IPv6 one, which reach
 * the same machine. `URL` has already brought both to this form.
 */
function embeddedIPv4(name: string): string | null {
  const match = /^(?:::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(name);
  if (match === null) return null;
  const [high, low] = [Number.parseInt(match[1] ?? '', 16), Number.parseInt(match[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
