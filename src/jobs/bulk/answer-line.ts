import { parseJson } from '../../engine/parse-json.ts';

/** What came of a request. */
export interface BulkAnswer {
  readonly status: number;
  readonly requestId: string;
  /** The answer's or the error's JSON, as text. */
  readonly body: string;
  /** The kind of fault; null when it was answered. */
  readonly fault: string | null;
  /** Millionths of a US dollar; null: nobody knows. */
  readonly cost: number | null;
}

/** The line that a batch's output has for it, by whichever target it was answered. */
export function answerLine(customId: string, { status, requestId, body, fault }: BulkAnswer): string {
  const id = `batch_req_${requestId}`;
  const response = { status_code: status, request_id: requestId, body: parsed(body) };
  const error = fault === null ? null : { code: fault, message: messageOf(response.body) };
  return JSON.stringify({ id, custom_id: customId, response, error });
}

function parsed(body: string): unknown {
  try {
    return parseJson(body);
  } catch {
    return body;
  }
}

function messageOf(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('error' in body)) return 'see the response';
  const { error } = body;
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
