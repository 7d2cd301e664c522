import { createHash } from 'node:crypto';
import type { Call } from '../../engine/call.ts';
import { parseJson } from '../../engine/parse-json.ts';
import { isObject } from './request.ts';

/** Names the conversation where the caller knows it. */
const CONVERSATION_HEADER = 'x-holdfast-conversation';

/**
 * What a call's conversation is known by: the caller's own name for it, or how it began, which every later call repeats: the
 * instructions and the first thing that was said. Of each tenant its own. Null for calls that are not part of one.
 */
export function conversationKey(call: Call): string | null {
  const { caller, headers, operation, body } = call;
  const whose = [caller.organisation, caller.tenant, operation];
  const named = headers[CONVERSATION_HEADER];
  if (typeof named === 'string' && named !== '') return digest([...whose, 'named', named]);
  if (!(body instanceof Uint8Array)) return null;
  const beginning = beginningOf(operation, body);
  return beginning === null ? null : digest([...whose, 'begun', beginning]);
}

function beginningOf(operation: Call['operation'], body: Uint8Array): unknown {
  const request = read(body);
  if (request === null) return null;
  switch (operation) {
    case 'chat':
      return upToFirstUser(request['messages'], null);
    case 'messages':
      return upToFirstUser(request['messages'], request['system']);
    case 'responses': {
      const { input, instructions } = request;
      return typeof input === 'string' ? [instructions, input] : upToFirstUser(input, instructions);
    }
    default:
      return null;
  }
}

function upToFirstUser(items: unknown, instructions: unknown): unknown {
  if (!Array.isArray(items)) return null;
  const first = items.findIndex((item) => isObject(item) && item['role'] === 'user');
  return first < 0 ? null : [instructions ?? null, items.slice(0, first + 1)];
}

function digest(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

function read(body: Uint8Array): Record<string, unknown> | null {
  try {
    const value = parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
