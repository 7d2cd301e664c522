import {
  APIError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from 'openai';

/** The class that the official SDK has for a status; what is not named here is 5xx, or the bare class. */
const CLASSES: Readonly<Record<number, unknown>> = {
  400: BadRequestError,
  401: AuthenticationError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  422: UnprocessableEntityError,
  429: RateLimitError,
};

/** What the envelope says of the fault, beside OpenAI's own fields. */
export interface Told {
  readonly fault: string;
  readonly party: string;
  readonly remedy: string;
  readonly attempts: number;
}

/** The facts in an error that the official SDK raised. @throws {Error} when it is another error, or tells none. */
export function told(error: unknown): Told {
  if (!(error instanceof APIError)) throw new Error('not an error of the SDK', { cause: error });
  const facts = (error.error as { readonly holdfast?: Told } | undefined)?.holdfast;
  if (facts === undefined) throw new Error('the error tells nothing of the fault', { cause: error });
  return facts;
}

/** What is missing or wrong in an error that the official SDK raised; nothing when it is as it should be. */
export function complaintsAbout(error: unknown): string[] {
  if (!(error instanceof APIError)) return [`not an error of the SDK: ${String(error)}`];
  const { party, remedy } = told(error);
  const complaints: string[] = [];
  if (!error.message.includes(`at fault: ${party}`)) complaints.push('the message does not name the party');
  if (!error.message.includes(`Remedy: ${remedy}`)) complaints.push('the message does not tell the remedy');
  if (remedy.length < 15) complaints.push(`"${remedy}" helps nobody`);
  if (error.constructor !== classFor(error.status)) {
    complaints.push(`${error.constructor.name} is the wrong class for status ${String(error.status)}`);
  }
  // What fails within a stream has no headers of its own: the 200 was long given, and the SDK does not retry.
  if (error.status !== undefined && error.headers?.get('x-should-retry') !== 'false') {
    complaints.push('the SDK was not told to leave retrying to Holdfast');
  }
  return complaints;
}

function classFor(status: unknown): unknown {
  if (typeof status !== 'number') return APIError;
  return CLASSES[status] ?? (status >= 500 ? InternalServerError : APIError);
}
