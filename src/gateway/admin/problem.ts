import type { Finding } from '../../config/source.ts';
import { fieldName } from '../../config/problem.ts';
import { DatabaseError } from '../../storage/database-error.ts';
import { ChangeRefused, type RefusalKind } from '../../tenants/changes.ts';

/** One field that is wrong, as the configuration file's problems are told too. */
export interface FieldProblem {
  readonly field: string;
  readonly wrong: string;
  readonly fix: string;
}

/**
 * A request of the admin API that is not answered, in the words of RFC 9457 (`application/problem+json`). `code` is for
 * programs, everything else for people.
 */
export interface ProblemBody {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId: string;
  /** Every field that is wrong, not only the first. */
  readonly problems: readonly FieldProblem[];
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Thrown where a request cannot be answered. */
export class AdminProblem extends Error {
  override readonly name: string = 'AdminProblem';
  readonly status: number;
  readonly code: string;
  readonly problems: readonly FieldProblem[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    rest: { readonly problems?: readonly FieldProblem[]; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.problems = rest.problems ?? [];
    this.headers = rest.headers ?? {};
  }

  body(requestId: string): ProblemBody {
    const { status, code, message, problems } = this;
    return {
      type: 'about:blank',
      title: TITLES[status] ?? 'Error',
      status,
      detail: message,
      code,
      requestId,
      problems,
    };
  }
}

/** Fields that a schema refused. @param where they stand: `body` or `query` */
export function invalidFields(where: string, findings: readonly Finding[]): AdminProblem {
  const problems = findings.map(({ path, wrong, fix }) => ({ field: fieldName(path) || where, wrong, fix }));
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new AdminProblem(400, 'invalid_fields', `the request has ${count} in its ${where}`, { problems });
}

const REFUSALS: Readonly<Record<RefusalKind, number>> = {
  unknown: 404,
  exists: 409,
  declared: 409,
  'in-use': 409,
  invalid: 400,
};

/** Any failure, as one that can be told; null: a defect of Holdfast's own. */
export function problemOf(error: unknown): AdminProblem | null {
  if (error instanceof AdminProblem) return error;
  if (error instanceof ChangeRefused) {
    const { kind, field, message, fix } = error;
    const problems = field === null ? [] : [{ field, wrong: message, fix }];
    return new AdminProblem(REFUSALS[kind], kind.replace('-', '_'), `${message}. ${fix}`, { problems });
  }
  if (error instanceof DatabaseError) {
    return new AdminProblem(503, 'database', error.message, { headers: { 'retry-after': '5' } });
  }
  return null;
}
