import type { Call } from '../../engine/call.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import { classifyEvent, errorEventChat, faultOf, findErrorInBody } from '../../engine/fault/index.ts';
import { type Dialect, FAULTY, NO_USAGE, type StreamReader, type WholeReading } from '../../engine/ports.ts';
import type { Usage } from '../../engine/record.ts';
import { count, notA } from './chat.ts';
import { isObject } from './request.ts';

/** Formats that never stream; a stream where none was asked for is a malformed answer. */
function wholeOnly(isAnswer: (body: Record<string, unknown>) => boolean, what: string): Dialect {
  return {
    readWhole(body: unknown): WholeReading {
      if (findErrorInBody(body)) return { fault: classifyEvent({ data: body }), usage: NO_USAGE, pins: [] };
      if (!isObject(body) || !isAnswer(body)) return { fault: notA(what, 'data'), usage: NO_USAGE, pins: [] };
      return { fault: null, usage: inputUsage(body['usage']), pins: [] };
    },
    openStream(): StreamReader {
      return NEVER;
    },
    failure(call: Call, fault: Fault): string {
      return errorEventChat(fault, { requestId: call.id, attempts: call.attempts.length });
    },
  };
}

const NEVER: StreamReader = {
  read: () => FAULTY,
  complete: false,
  fault: faultOf('malformed-response', { message: 'a stream came where a whole answer was asked for' }),
  usage: NO_USAGE,
  sentTokens: 0,
  pins: [],
};

export const embeddings: Dialect = wholeOnly((body) => Array.isArray(body['data']), 'list of embeddings');

/** A list of models, or one model. */
export const models: Dialect = wholeOnly(
  (body) => Array.isArray(body['data']) || typeof body['id'] === 'string',
  'model or list of models',
);

function inputUsage(usage: unknown): Usage {
  return isObject(usage) ? { ...NO_USAGE, inputTokens: count(usage['prompt_tokens']) } : NO_USAGE;
}
