import { createHmac, randomBytes } from 'node:crypto';

// Signatures as the Standard Webhooks specification has them (https://www.standardwebhooks.com): an HMAC with SHA-256 over the
// message's id, its time and its body. Its libraries, in a dozen languages, check them.

/** Bytes of a secret: the specification asks for 24 to 64. */
const SECRET_BYTES = 32;

export function newWebhookSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}

/**
 * The headers of a message.
 *
 * @param at wall time of this delivery, ms since 1970; receivers refuse what is older than some minutes
 * @param secrets with each of which it is signed, so that one can be replaced without a gap
 */
export function signed(
  id: string,
  at: number,
  body: string,
  secrets: readonly string[],
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(at / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
