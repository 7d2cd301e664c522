import type { Dispatcher } from 'undici';
import type { Endpoint } from '../engine/ports.ts';
import { AnthropicEndpoint } from '../providers/anthropic/endpoint.ts';
import { GeminiEndpoint } from '../providers/gemini/endpoint.ts';
import { COMPATIBLE } from '../providers/openai/compatible.ts';
import { OpenAIEndpoint } from '../providers/openai/endpoint.ts';
import type { ProviderName } from '../providers/provider-name.ts';
import { InterpretedEndpoint } from '../providers/translation/interpreted-endpoint.ts';
import type { TargetConfig } from './config.ts';
import { capAt, type ToldModels } from './limits/told-models.ts';
import type { Secret } from './secrets.ts';

/** A way to a target that can be closed for good. */
export type OpenEndpoint = Endpoint & { close(): Promise<void> };

/** What every endpoint is made with. */
interface Common {
  readonly id: string;
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly key: 'caller' | (() => string | null);
  readonly dispatcher?: Dispatcher;
}

/** The longest answer that a model gives, where its wire cannot do without. */
type CapOf = (model: string) => number | null;

type Maker = (target: TargetConfig, common: Common, capOf: CapOf) => OpenEndpoint;

const onOpenAIWire =
  (provider: 'openai' | 'azure' | 'openai-compatible'): Maker =>
  ({ server, deployment, apiVersion, organization, project, losses, responses }, common) => {
    const headers: Record<string, string> = { ...common.headers };
    if (organization !== null) headers['openai-organization'] = organization;
    if (project !== null) headers['openai-project'] = project;
    const endpoint = new OpenAIEndpoint({ ...common, headers, provider, server, losses, deployment, apiVersion });
    const usualCap = provider === 'openai-compatible' ? 'max_tokens' : 'max_completion_tokens';
    return new InterpretedEndpoint(endpoint, {
      interprets: responses === 'translate' ? ['responses', 'messages', 'generate'] : ['messages', 'generate'],
      losses,
      // The servers that are like OpenAI's nearly all know the older name of the cap, and many no other.
      cap: server === null ? usualCap : COMPATIBLE[server].cap,
    });
  };

/** How a target of each provider is reached. */
const MAKERS: Readonly<Record<ProviderName, Maker>> = {
  openai: onOpenAIWire('openai'),
  azure: onOpenAIWire('azure'),
  'openai-compatible': onOpenAIWire('openai-compatible'),
  anthropic: ({ losses }, common, capOf) =>
    new InterpretedEndpoint(new AnthropicEndpoint({ ...common, losses, capOf }), {
      interprets: ['responses', 'generate'],
      losses,
      cap: 'max_completion_tokens',
    }),
  gemini: ({ losses }, common, capOf) =>
    new InterpretedEndpoint(new GeminiEndpoint({ ...common, losses, capOf }), {
      interprets: ['responses', 'messages'],
      losses,
      cap: 'max_completion_tokens',
    }),
};

/** Opens the way to a target. */
export function endpointFor(target: TargetConfig, dispatcher: Dispatcher | undefined, told?: ToldModels): OpenEndpoint {
  const { id, baseUrl, headers, provider } = target;
  const common = { id, baseUrl, headers, key: keyOf(target.key) };
  const capOf: CapOf = (model) => capAt(model, told?.of(id, model) ?? null);
  return MAKERS[provider](target, dispatcher === undefined ? common : { ...common, dispatcher }, capOf);
}

function keyOf(secret: Secret): 'caller' | (() => string | null) {
  if (secret.kind === 'caller') return 'caller';
  return secret.kind === 'none' ? () => null : () => secret.reveal();
}
