import type { About, WholeAnswer } from './script.ts';
import { jsonAnswer } from './script.ts';

/** The fields of OpenAI's error envelope; all four are always present. */
export interface ErrorFields {
  readonly message: string;
  readonly type: string | null;
  readonly param: string | null;
  readonly code: string | null;
}

export function errorBody(fields: ErrorFields): { error: ErrorFields } {
  return { error: { message: fields.message, type: fields.type, param: fields.param, code: fields.code } };
}

/** An error answer in OpenAI's envelope. */
export function refusal(
  status: number,
  code: string | null,
  message: string,
  more: { type?: string | null; param?: string | null; headers?: Record<string, string> } = {},
): WholeAnswer {
  const { type = 'invalid_request_error', param = null, headers = {} } = more;
  return jsonAnswer(status, errorBody({ message, type, param, code }), headers);
}

export function missingParameter(param: string): WholeAnswer {
  return refusal(400, 'missing_required_parameter', `Missing required parameter: '${param}'.`, { param });
}

export function invalidType(param: string, expected: string, value: unknown): WholeAnswer {
  const got = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
  const message = `Invalid type for '${param}': expected ${expected}, but got ${got} instead.`;
  return refusal(400, 'invalid_type', message, { param });
}

export function unsupportedParameter(param: string, instead: string | null): WholeAnswer {
  const advice = instead === null ? '' : ` Use '${instead}' instead.`;
  const message = `Unsupported parameter: '${param}' is not supported with this model.${advice}`;
  return refusal(400, 'unsupported_parameter', message, { param });
}

export function unsupportedValue(param: string, value: unknown, onlyValue: string): WholeAnswer {
  const message =
    `Unsupported value: '${param}' does not support ${JSON.stringify(value)} with this model. ` +
    `Only the default (${onlyValue}) value is supported.`;
  return refusal(400, 'unsupported_value', message, { param });
}

export function modelNotFound(about: About): WholeAnswer {
  if (about.azure) {
    return jsonAnswer(404, {
      error: {
        code: 'DeploymentNotFound',
        message:
          'The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.',
      },
    });
  }
  const message = `The model \`${about.model}\` does not exist or you do not have access to it.`;
  return refusal(404, 'model_not_found', message);
}

/** The prompt, alone or with the output asked for, is larger than the window; worded as each wire words it. */
export function contextLengthExceeded(about: About, window: number, outputTokens: number): WholeAnswer {
  if (about.wire === 'responses') {
    const message = 'Your input exceeds the context window of this model. Please adjust your input and try again.';
    return refusal(400, 'context_length_exceeded', message, { param: 'input' });
  }
  const prompt = about.promptTokens;
  const asked =
    prompt > window || outputTokens === 0
      ? `your messages resulted in ${prompt} tokens. Please reduce the length of the messages.`
      : `you requested ${prompt + outputTokens} tokens (${prompt} in the messages, ${outputTokens} in the completion). ` +
        'Please reduce the length of the messages or completion.';
  const message = `This model's maximum context length is ${window} tokens. However, ${asked}`;
  return refusal(400, 'context_length_exceeded', message, { param: 'messages' });
}

export function outputCapExceeded(param: string, asked: number, cap: number): WholeAnswer {
  const message =
    `${param} is too large: ${asked}. This model supports at most ${cap} completion tokens, ` +
    `whereas you provided ${asked}.`;
  return refusal(400, 'invalid_value', message, { param });
}

/** A key as the real error shows it: its ends, never its middle. */
function maskKey(key: string): string {
  if (key.length < 12) return '*'.repeat(key.length);
  return `${key.slice(0, 4)}${'*'.repeat(Math.min(key.length - 8, 24))}${key.slice(-4)}`;
}

export function incorrectKey(key: string, azure: boolean): WholeAnswer {
  if (azure) {
    return jsonAnswer(401, {
      error: {
        code: '401',
        message:
          'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.',
      },
    });
  }
  const message = `Incorrect API key provided: ${maskKey(key)}. You can find your API key at https://platform.openai.com/account/api-keys.`;
  return refusal(401, 'invalid_api_key', message);
}

export function missingKey(azure: boolean): WholeAnswer {
  if (azure) return incorrectKey('', true);
  const message =
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";
  return refusal(401, null, message);
}

export function unknownUrl(method: string, path: string): WholeAnswer {
  return refusal(404, 'unknown_url', `Invalid URL (${method} ${path})`);
}

export function invalidJson(): WholeAnswer {
  const message =
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)";
  return refusal(400, null, message);
}

/** A page of the network edge: HTML, and no trace of the provider. */
export function edgePage(status: number, title: string): WholeAnswer {
  const body =
    `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body>\r\n` +
    `<center><h1>${status} ${title}</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n`;
  return { status, body, contentType: 'text/html', edge: true };
}
