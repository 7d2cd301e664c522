import { durationMs } from '../../engine/fault/index.ts';
import type { NativeWire } from '../native-wire.ts';
import { messagesEnvelope } from './envelope.ts';

/** OpenAI's names for limits, which the line tells them by: `x-ratelimit-remaining-tokens`. */
const LIMIT = /^x-ratelimit-(limit|remaining|reset)-(requests|tokens)$/;

/** How callers of the Messages wire are told what is not in the answer itself. */
export const messagesWire: NativeWire = {
  envelope: messagesEnvelope,
  head(headers, { requestId, wall, limited }) {
    const own = headers.some((name, at) => at % 2 === 0 && name.startsWith('anthropic-ratelimit-'));
    const out = ['request-id', requestId];
    for (let at = 0; at + 1 < headers.length; at += 2) {
      const name = headers[at] as string;
      const value = headers[at + 1] as string;
      // A provider's own id is told as `x-upstream-request-id`; its limits are not those of a caller who has others.
      if (name === 'request-id' || (limited && name.startsWith('anthropic-ratelimit-'))) continue;
      const [, what, of] = LIMIT.exec(name) ?? [];
      if (what === undefined) out.push(name, value);
      else if (limited || !own)
        out.push(`anthropic-ratelimit-${of}-${what}`, what === 'reset' ? moment(value, wall) : value);
    }
    return out;
  },
};

/** `6m0s` from now, as Anthropic tells a time. */
function moment(duration: string, wall: number): string {
  return new Date(wall + (durationMs(duration) ?? 0)).toISOString();
}
