import * as z from 'zod';
import { COMPATIBLE, COMPATIBLE_NAMES, type CompatibleName } from '../providers/openai/compatible.ts';
import { continuesField } from './continuing.ts';
import { address, azureAddress, date, flag, headers, id, secretReference, section, text, whole } from './fields.ts';
import type { TargetSection } from './file.ts';
import { adaptiveField, breakerField, budgetField } from './policy-fields.ts';

// What a file says of a target: what all of them have, and what those of one provider have besides.

const pacing = section({
  enabled: flag('Keep to the limits that the provider tells. Default true.').optional(),
  requestsPerMinute: whole(
    'Requests a minute that are never exceeded for a model. Default: as many as the provider is found to allow.',
    1,
    10_000_000,
  ).optional(),
  tokensPerMinute: whole(
    'Tokens a minute that are never exceeded for a model. Default: as many as the provider is found to allow.',
    1,
    100_000_000_000,
  ).optional(),
});

const everyTarget = {
  budget: budgetField.describe('Retry budget of this target.').optional(),
  breaker: breakerField.describe('Circuit breaker of this target.').optional(),
  adaptive: adaptiveField.describe('What is learnt about this target as it is used.').optional(),
  account: id(
    "Name of the account at the provider that the key is of. Targets of one account share its rate limits. Default: the target's id.",
  ).optional(),
  pacing: pacing.describe("How the account's rate limits are kept to.").optional(),
  headers: headers('Extra request headers; nothing secret.').optional(),
  allowInsecure: flag('Allows plain http to another machine. Default false.').optional(),
  environment: text('What the key is for, such as production. Default: what the gateway is for.').optional(),
  continues: continuesField.optional(),
  rotateBy: date('Day from which the key is overdue to be replaced, such as 2027-01-31.').optional(),
  losses: z
    .enum(['tell', 'refuse'], { error: 'must be tell or refuse' })
    .describe(
      "What becomes of a call that this target's wire format has not all the words for: it is sent without them and the " +
        'caller told, or left to the next rung. Default tell.',
    )
    .optional(),
};

const AZURE_ONLY = {
  deployment: 'Only targets with provider: azure have it.',
  apiVersion: 'Only targets with provider: azure have it.',
};
const OPENAI_ONLY = {
  organization: 'Only targets with provider: openai have it.',
  project: 'Only targets with provider: openai have it.',
};

const COMPATIBLE_ONLY = { responses: 'Only targets with provider: openai-compatible have it.' };

const openaiTarget = section(
  {
    provider: z.literal('openai'),
    key: secretReference('Where the API key is. Default env:OPENAI_API_KEY.').optional(),
    baseUrl: address('Default https://api.openai.com/v1.').optional(),
    organization: text('Sent as OpenAI-Organization.').optional(),
    project: text('Sent as OpenAI-Project.').optional(),
    ...everyTarget,
  },
  { ...AZURE_ONLY, ...COMPATIBLE_ONLY },
);

const azureTarget = section(
  {
    provider: z.literal('azure'),
    key: secretReference('Where the key of the resource is.'),
    baseUrl: azureAddress("The resource's endpoint: https://NAME.openai.azure.com."),
    deployment: text('Deployment to call with the dated API; the v1 API takes the model as its name.').optional(),
    apiVersion: z
      .string({ error: 'must be text such as 2024-10-21' })
      .regex(/^\d{4}-\d{2}-\d{2}(?:-preview)?$/, {
        error: 'must be a date such as 2024-10-21; leave it out for the v1 API',
      })
      .describe('Version of the dated API; left out, the v1 API is used.')
      .optional(),
    ...everyTarget,
  },
  { ...OPENAI_ONLY, ...COMPATIBLE_ONLY },
);

const responses = (usual: string) =>
  z
    .enum(['native', 'translate'], { error: 'must be native or translate' })
    .describe(
      `Whether the server has the Responses API, or is to be asked for chat completions in its place. ${usual}`,
    );

const compatibleTarget = section(
  {
    provider: z.literal('openai-compatible'),
    key: secretReference('Where the API key is; none for a server that wants none.'),
    baseUrl: address('Base URL of the server, with its /v1.'),
    responses: responses('Default native.').optional(),
    ...everyTarget,
  },
  { ...AZURE_ONLY, ...OPENAI_ONLY },
);

const anthropicTarget = section(
  {
    provider: z.literal('anthropic'),
    key: secretReference('Where the API key is. Default env:ANTHROPIC_API_KEY.').optional(),
    baseUrl: address('Default https://api.anthropic.com/v1.').optional(),
    ...everyTarget,
  },
  { ...AZURE_ONLY, ...OPENAI_ONLY, ...COMPATIBLE_ONLY },
);

const geminiTarget = section(
  {
    provider: z.literal('gemini'),
    key: secretReference('Where the API key is. Default env:GEMINI_API_KEY.').optional(),
    baseUrl: address('Default https://generativelanguage.googleapis.com/v1beta.').optional(),
    ...everyTarget,
  },
  { ...AZURE_ONLY, ...OPENAI_ONLY, ...COMPATIBLE_ONLY },
);

/** A server of the table that is known by its name: it needs no more to be said. */
function serverTarget(name: CompatibleName) {
  const { home, keyVariable, responses: has } = COMPATIBLE[name];
  const key = keyVariable === null ? 'none' : `env:${keyVariable}`;
  return section(
    {
      provider: z.literal(name),
      key: secretReference(`Where the API key is. Default ${key}.`).optional(),
      baseUrl: address(`Default ${home}.`).optional(),
      responses: responses(`Default ${has ? 'native' : 'translate'}.`).optional(),
      ...everyTarget,
    },
    { ...AZURE_ONLY, ...OPENAI_ONLY },
  );
}

/** What attempts can be sent to, by provider. */
export const targetField: z.ZodType<TargetSection> = z.discriminatedUnion(
  'provider',
  [openaiTarget, azureTarget, compatibleTarget, anthropicTarget, geminiTarget, ...COMPATIBLE_NAMES.map(serverTarget)],
  { error: 'must be a mapping with provider, key and baseUrl' },
);
