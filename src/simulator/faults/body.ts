import { errorBody } from '../refusals.ts';
import { end, jsonAnswer, write } from '../script.ts';
import type { Script } from '../script.ts';
import { answering, headOf, instead, wholeBody, withSteps } from './misbehaviour.ts';
import type { Misbehaviour } from './misbehaviour.ts';

const SERVER_ERROR = errorBody({
  message: 'The server had an error while processing your request. Sorry about that!',
  type: 'server_error',
  param: null,
  code: 'server_error',
});

const WHOLE = { moment: 'before-content', spoils: 'whole', wires: null, argument: null } as const;

/** Half of the body, said to be the whole of it. */
function honestHalf(script: Script): Script {
  const body = wholeBody(script);
  const { status, headers } = headOf(script);
  const half = body.subarray(0, Math.floor(body.byteLength / 2));
  return instead(script, { status, headers, body: half, contentType: 'application/json' });
}

/** Answers that arrive and are not what they say they are. */
export const BODY_FAULTS: readonly Misbehaviour[] = [
  answering('error-in-200', 'server-error', '200 with an error as its body.', () => jsonAnswer(200, SERVER_ERROR)),
  answering('error-list-in-200', 'server-error', '200 with a JSON list that holds an error.', () =>
    jsonAnswer(200, [SERVER_ERROR]),
  ),
  answering('html-in-200', 'malformed-response', '200 with an HTML page.', () => ({
    status: 200,
    body: '<!doctype html><html><head><title>Maintenance</title></head><body>We will be back soon.</body></html>',
    contentType: 'text/html; charset=utf-8',
  })),
  answering('empty-200', 'partial-response', '200 without a body.', () => ({
    status: 200,
    body: '',
    contentType: 'application/json',
  })),
  {
    ...WHOLE,
    name: 'truncated-json',
    description: 'A 200 whose JSON stops in its middle, with a content-length that agrees.',
    kind: 'partial-response',
    apply: honestHalf,
  },
  {
    ...WHOLE,
    name: 'short-body',
    description: 'A 200 whose connection closes before the content-length is reached.',
    kind: 'partial-response',
    apply: (script) => {
      const body = wholeBody(script);
      const half = body.subarray(0, Math.floor(body.byteLength / 2));
      return withSteps(script, [headOf(script), write('content', half), { do: 'cut', waitMs: 0 }]);
    },
  },
  {
    ...WHOLE,
    name: 'malformed-json',
    description: 'A 200 whose body is as long as it says and is no JSON.',
    kind: 'malformed-response',
    apply: (script) =>
      withSteps(script, [
        headOf(script),
        write(
          'whole',
          wholeBody(script).map((byte) => (byte === 58 ? 61 : byte)),
        ),
        end(),
      ]),
  },
];
