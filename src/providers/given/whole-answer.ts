import type { Operation } from '../../engine/call.ts';
import { parseJson } from '../../engine/parse-json.ts';
import { isObject } from '../openai/request.ts';

/** Ends that left nothing unsaid, on every wire. What was cut off or filtered, another attempt may answer better. */
const SAID_ALL: ReadonlySet<unknown> = new Set(['stop', 'tool_calls', 'function_call']);
const MESSAGES_SAID_ALL: ReadonlySet<unknown> = new Set(['end_turn', 'tool_use', 'stop_sequence']);

/** Whether a whole answer says all that the model had to say, so that it is worth giving again. */
export function isWorthKeeping(operation: Operation, body: Uint8Array): boolean {
  const answer = read(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  if (!isObject(answer)) return false;
  if (operation === 'embeddings') return Array.isArray(answer['data']);
  if (operation === 'responses') return answer['status'] === 'completed';
  if (operation === 'messages') return MESSAGES_SAID_ALL.has(answer['stop_reason']);
  const ends = operation === 'generate' ? candidatesOf(answer) : choicesOf(answer);
  return ends.length > 0 && ends.every(operation === 'generate' ? stopsWell : endsWell);
}

/** Likewise of a stream that came to its end. */
export function isStreamWorthKeeping(operation: Operation, bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  let ended = false;
  for (const line of text.split('\n')) {
    if (!line.startsWith('data:') || line.includes('[DONE]')) continue;
    const event = read(line.slice(5));
    if (!isObject(event)) return false;
    if (operation === 'responses') ended ||= event['type'] === 'response.completed';
    else if (operation === 'messages') {
      const { type, delta } = event;
      if (type === 'message_delta' && isObject(delta) && !MESSAGES_SAID_ALL.has(delta['stop_reason'])) return false;
      ended ||= type === 'message_stop';
    } else if (operation === 'generate') {
      const ends = candidatesOf(event).filter((candidate) => isObject(candidate) && 'finishReason' in candidate);
      if (!ends.every(stopsWell)) return false;
      ended ||= ends.length > 0;
    } else {
      const ends = choicesOf(event).filter((choice) => isObject(choice) && typeof choice['finish_reason'] === 'string');
      if (!ends.every(endsWell)) return false;
      ended ||= ends.length > 0;
    }
  }
  return ended;
}

function choicesOf({ choices }: Record<string, unknown>): readonly unknown[] {
  return Array.isArray(choices) ? choices : [];
}

function candidatesOf({ candidates }: Record<string, unknown>): readonly unknown[] {
  return Array.isArray(candidates) ? candidates : [];
}

function stopsWell(candidate: unknown): boolean {
  return isObject(candidate) && candidate['finishReason'] === 'STOP';
}

function endsWell(choice: unknown): boolean {
  if (!isObject(choice) || !SAID_ALL.has(choice['finish_reason'])) return false;
  const { message } = choice;
  return !isObject(message) || typeof message['refusal'] !== 'string';
}

function read(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
