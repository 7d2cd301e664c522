/**
 * Whether a parsed 200 body, or one event of a stream, is really an error. Runs for every call, so a healthy body costs a
 * handful of property reads.
 *
 * @param parsed the parsed JSON: an object, or the array of one that some Google endpoints send.
 */
export function findErrorInBody(parsed: unknown): boolean {
  if (typeof parsed !== 'object' || parsed === null) return false;
  if (Array.isArray(parsed)) return parsed.length === 1 && !Array.isArray(parsed[0]) && findErrorInBody(parsed[0]);
  const body = parsed as Record<string, unknown>;
  if (body['object'] === 'response') return body['status'] === 'failed';
  const { type, error, choices } = body;
  if (type === 'error' || type === 'response.failed' || body['object'] === 'error') return true;
  if (Array.isArray(choices) && choices.length > 0) return isFailedChoice(choices[0], Boolean(error));
  if (error) return !holdsAnswer(body);
  if (body['promptFeedback'] !== undefined) return isBlocked(body);
  return type === undefined && body['object'] === undefined && choices === undefined && namesException(body);
}

/** A broker's chunk that ends with `finish_reason: "error"`, or a choice that carries an error itself. */
function isFailedChoice(choice: unknown, withError: boolean): boolean {
  if (typeof choice !== 'object' || choice === null) return withError;
  const { finish_reason: finish, error, delta, message } = choice as Record<string, unknown>;
  if (finish === 'error' || Boolean(error)) return true;
  return withError && finish === undefined && delta === undefined && message === undefined;
}

/** Objects that carry the error of something else: a failed batch or job, asked for and faithfully given. */
function holdsAnswer(body: Readonly<Record<string, unknown>>): boolean {
  if (Array.isArray(body['output']) && body['output'].length > 0 && body['status'] !== 'failed') return true;
  if (Array.isArray(body['data']) || Array.isArray(body['candidates'])) return true;
  return (
    typeof body['object'] === 'string' &&
    typeof body['id'] === 'string' &&
    !body['object'].startsWith('chat.completion')
  );
}

/** Google answers a blocked prompt with 200, a reason and no candidates. */
function isBlocked(body: Readonly<Record<string, unknown>>): boolean {
  const { promptFeedback, candidates } = body;
  if (Array.isArray(candidates) && candidates.length > 0) return false;
  return typeof promptFeedback === 'object' && promptFeedback !== null && 'blockReason' in promptFeedback;
}

/** AWS event streams: an object whose only key is the exception's name. */
function namesException(body: Readonly<Record<string, unknown>>): boolean {
  for (const key in body) return key.endsWith('Exception') && typeof body[key] === 'object';
  return false;
}
