import type { GivenReply } from '../../engine/answers.ts';
import type { Call } from '../../engine/call.ts';
import { GivenStream } from '../../engine/degraded.ts';
import { parseJson } from '../../engine/parse-json.ts';
import { NO_USAGE } from '../../engine/ports.ts';
import { isObject } from '../openai/request.ts';
import { chatAnswer, chatStream, type Signature } from './chat-answer.ts';
import { generateAnswer, generateStream } from './generate-answer.ts';
import { messageAnswer, messageStream } from './message-answer.ts';
import { responseAnswer, responseStream } from './response-answer.ts';

/** A text as the answer to a call, in its own format and as a stream where it asked for one; null where texts are no answer. */
export function textReply(call: Call, text: string, at: number): GivenReply | null {
  const signature: Signature = { id: call.id, at, model: call.model ?? 'none' };
  if (call.operation === 'chat') return bodyReply(call, chatAnswer(text, signature));
  if (call.operation === 'responses') return bodyReply(call, responseAnswer(text, signature));
  if (call.operation === 'messages') return bodyReply(call, messageAnswer(text, signature));
  if (call.operation === 'generate') return bodyReply(call, generateAnswer(text, signature));
  return null;
}

/** A whole answer, given as a stream where the call asked for one. */
export function bodyReply(call: Call, body: Readonly<Record<string, unknown>>): GivenReply {
  if (!call.stream) return wholeReply(Buffer.from(JSON.stringify(body)));
  if (call.operation === 'responses') return streamReply(Buffer.from(responseStream(body)));
  if (call.operation === 'messages') return streamReply(Buffer.from(messageStream(body)));
  if (call.operation === 'generate') return streamReply(Buffer.from(generateStream(body)));
  return streamReply(Buffer.from(chatStream(body, asksForUsage(call))));
}

export function wholeReply(body: Uint8Array): GivenReply {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  return { kind: 'whole', status: 200, headers, body, usage: NO_USAGE, fault: null, free: true };
}

export function streamReply(bytes: Uint8Array): GivenReply {
  const headers = { 'content-type': 'text/event-stream; charset=utf-8' };
  return { kind: 'stream', status: 200, headers, stream: new GivenStream(bytes), free: true };
}

/** Whether the caller itself wants the usage told at the end of a chat's stream. */
function asksForUsage({ body, admission }: Call): boolean {
  if (!(body instanceof Uint8Array) || admission?.asksUsage === true) return false;
  try {
    const request = parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1'));
    const options = isObject(request) ? request['stream_options'] : null;
    return isObject(options) && options['include_usage'] === true;
  } catch {
    return false;
  }
}
