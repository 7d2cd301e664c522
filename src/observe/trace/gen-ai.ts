// Names of OpenTelemetry's semantic conventions, written down here: those for generative AI are still in development, and a
// library that follows them would rename what dashboards were built on.
// https://github.com/open-telemetry/semantic-conventions-genai (May 2026), https://opentelemetry.io/docs/specs/semconv/http/

export const OPERATION = 'gen_ai.operation.name';
export const PROVIDER = 'gen_ai.provider.name';
export const REQUEST_MODEL = 'gen_ai.request.model';
export const RESPONSE_MODEL = 'gen_ai.response.model';
export const FIRST_CHUNK = 'gen_ai.response.time_to_first_chunk';
export const INPUT_TOKENS = 'gen_ai.usage.input_tokens';
export const OUTPUT_TOKENS = 'gen_ai.usage.output_tokens';
export const CACHED_TOKENS = 'gen_ai.usage.cache_read.input_tokens';
export const REASONING_TOKENS = 'gen_ai.usage.reasoning.output_tokens';

export const ERROR_TYPE = 'error.type';
export const METHOD = 'http.request.method';
export const PATH = 'url.path';
export const STATUS = 'http.response.status_code';
export const END_USER = 'enduser.pseudo.id';

/** What the conventions call an operation of ours; null for one they have no name for. */
export function operationName(operation: string): string | null {
  switch (operation) {
    case 'chat':
    case 'responses':
    case 'messages':
      return 'chat';
    case 'generate':
      return 'generate_content';
    case 'embeddings':
      return 'embeddings';
    default:
      return null;
  }
}

/** The conventions' name of a provider; compatible servers keep their own. */
export function providerName(provider: string): string {
  return WELL_KNOWN.get(provider) ?? provider;
}

const WELL_KNOWN: ReadonlyMap<string, string> = new Map([
  ['azure', 'azure.ai.openai'],
  ['gemini', 'gcp.gemini'],
  ['mistral', 'mistral_ai'],
  ['xai', 'x_ai'],
]);
