import type { Ground, Meaning } from './meaning.ts';

/** A meaning read from prose, with the name it goes by in the evidence. */
interface Wording {
  readonly name: string;
  readonly pattern: RegExp;
  readonly meaning: Meaning;
}

// One request above a per-minute limit: the words look like a rate limit, but waiting never helps.
const TOO_LARGE_FOR_LIMIT: Wording = {
  name: 'request larger than the limit',
  pattern: /request too large for|requested more tokens than (?:the|your) (?:rate )?limit/i,
  meaning: { kind: 'too-large-for-limit' },
};

const OUTPUT_CAP: Wording = {
  name: 'output above the cap',
  pattern: new RegExp(
    [
      /max_(?:completion_|output_|new_)?tokens[`'"]? is too large: \d+\. This model supports at most/,
      /max_(?:completion_|output_)?tokens[`'"]?: \d+ > \d+,? which is the maximum/,
      /max_(?:completion_|output_)?tokens=\d+ cannot be greater/,
      /max_(?:completion_|output_)?tokens[`'"]? must be less than or equal to/,
      /max tokens must be less than or equal to \d+,? the maximum output length/,
      /max_?output_?tokens[`'"]? (?:value of|of) \d+ but the supported range/,
      /maximum tokens you requested exceeds the model limit/,
      /supports at most \d+ (?:completion|output) tokens/,
    ]
      .map((part) => part.source)
      .join('|'),
    'i',
  ),
  meaning: { kind: 'output-cap' },
};

/** Whole sentences of providers, specific enough to be believed under any status. */
const CONTEXT: Wording = {
  name: 'prompt over the window',
  pattern: new RegExp(
    [
      /maximum context length (?:is|of) (?:only )?[\d,]+/,
      /context length is only [\d,]+/,
      /maximum context length: [\d,]+/,
      /exceed context limit: \d+/,
      /input exceeds the context window/,
      /input tokens exceed the configured limit/,
      /prompt is too long: [\d,]+/,
      /input token count(?: \(?\d+\)?)? exceeds the maximum/,
      /exceeds the available context size/,
      /\d tokens\) is (?:larger than the max context size|too large to process)/,
      /(?:input length exceeds|prompt is longer than) the (?:\w+ )?context length/,
      /input is too long for (?:the )?requested model/,
      /prompt tokens \(\d+\) exceed model maximum/,
      /too large for model with \d+ maximum context/,
      /maximum prompt length is \d+/,
      /current length is \d+ while limit is \d+/,
      /exceeded model token limit/,
      /range of input length should be/,
      /prompt exceeds max length/,
      /[`']?inputs[`']? tokens \+ [`']?max_new_tokens[`']? must be/,
      /[`']inputs[`'] must have less than \d+ tokens/,
      /tokens to keep from the initial prompt is greater than the context length/,
      /loaded with context length of only \d+/,
      /(?:fit|fits) into the model's context window/,
      /number of tokens in the (?:prompt|request) (?:exceeds|cannot exceed)/,
      /too many tokens: (?:total|size limit exceeded)/,
      /prompt contains [\d,]+ tokens.{0,60}too large/,
      /max allowed tokens per submitted batch/,
    ]
      .map((part) => part.source)
      .join('|'),
    'i',
  ),
  meaning: { kind: 'context-length' },
};

/** Looser words for the same thing: believed only where the request is known to be at fault. */
const CONTEXT_LOOSE: Wording = {
  name: 'words about the context window',
  pattern:
    /prompt (?:is|was) too long|exceed(?:s|ed|ing)? (?:the )?(?:model'?s? )?(?:maximum )?context|longer than the model'?s? context|context (?:length|window|limit|size)(?: was| has been)? exceeded|maximum context (?:length|window|limit)|maximum input length is [^.]*tokens|reduce the length of (?:the|your) (?:messages|prompt|input)/i,
  meaning: { kind: 'context-length' },
};

const MONEY: Wording = {
  name: 'words about credit or spend limits',
  pattern:
    /credit balance is too low|insufficient (?:account |your )?(?:credits?|balance|funds|quota)|(?:out of|no|not enough|run out of|used all(?: of)?(?: your)?(?: available)?) credits|credits? (?:is|are|has been|have been) (?:depleted|exhausted|used up)|more credits|billing (?:hard )?limit|billing (?:is )?not active|account is not active|spend(?:ing)? (?:limit|cap)|reached your (?:\w+ ){0,4}usage limits?|(?:monthly|weekly|hourly) (?:included credits|usage limit|quota)|out of call volume quota|quota has been exhausted|payment required|exceeded your monthly|free-models-per-day|calls? ?\/ ?month|tokens per day, please wait|credit limit|budget (?:has been |is |was )?exceeded|exceeded (?:its |the |your )?budget|prepaid credit|doesn't have any credits/i,
  meaning: { kind: 'quota-exhausted' },
};

/** Said by OpenAI of money; said by Google of any per-minute limit too, so it does not count there. */
const PLAN_AND_BILLING: Wording = {
  name: 'words about plan and billing',
  pattern: /check your plan and billing|exceeded your current quota/i,
  meaning: { kind: 'quota-exhausted' },
};

const OVERLOAD: Wording = {
  name: 'words about capacity',
  pattern:
    /overload|over[- ]capacity|at (?:full )?capacity|(?:no|insufficient|exceed\w*|exhausted|lack of) (?:\w+ )?capacity|capacity (?:is |was |temporarily )*(?:exceeded|exhausted|unavailable|limit)|high (?:demand|traffic|load)|too busy|(?:server|service|model|currently|is) (?:is )?busy|maximum pending requests|queue is full|resources? (?:is |are |temporarily |currently )*unavailable|unable to process your request (?:due|right now)/i,
  meaning: { kind: 'overloaded' },
};

/** A 429 that asks to come back later and never mentions a limit is about the provider, not about the account. */
const LATER: Wording = {
  name: 'asked to come back later, no limit named',
  pattern:
    /^(?!.*(?:limit|quota|too many|per[- ](?:minute|min|second|day|hour)|throttl|frequen)).*try again (?:later|soon)/is,
  meaning: { kind: 'overloaded' },
};

const SLOW_DOWN: Wording = {
  name: 'words about growing too fast',
  pattern:
    /usage increase rate|acceleration limit|ramp(?:ed|ing)?(?: up)? (?:too|more) |^slow ?down|please slow down|increased too quickly/i,
  meaning: { kind: 'slow-down' },
};

const KEY: Wording = {
  name: 'words about the key',
  pattern:
    /api[ _-]?key (?:is |was |has )?(?:not valid|invalid|incorrect|expired|missing|revoked|disabled|not found|been disabled)|(?:invalid|incorrect|missing|expired|no) api[ _-]?(?:key|token)|(?:invalid|missing|expired) (?:access token|authentication|authorization header|bearer token)|api key expired/i,
  meaning: { kind: 'authentication' },
};

const POLICY: Wording = {
  name: 'words about content policy',
  pattern:
    /content[ _](?:management|filter(?:ing)?|moderation|usage)[ _]polic|content[ _]policy[ _]violation|responsible ?ai ?policy|(?:by|of) (?:our|the) safety (?:system|filter)|safety system|violat\w+ (?:of )?(?:our|the|openai'?s?|\w+'s)? ?(?:usage|content|safety|acceptable use) polic|(?:flagged|blocked|rejected|refused) (?:as|by|for|due to|because)[^.]{0,60}(?:safety|moderation|polic|violat|content filter|guardrail)|model produced invalid content|requires moderation/i,
  meaning: { kind: 'content-policy' },
};

const MODEL: Wording = {
  name: 'words about an unknown model',
  pattern:
    /\b(?:model|deployment)s?:?[ /]+[`'"]?[\w./:@-]{1,120}[`'"]? (?:does not exist|is not found|was not found|not found|is not supported|is not available|was removed|is deprecated|has been (?:deprecated|decommissioned|removed|retired)|is not a valid|is invalid)|(?:unknown|invalid|no such|unrecognized) model\b|model identifier is invalid|is not a valid model|no endpoints found|no models? (?:is |are )?loaded|(?:model|deployment) (?:does not exist|not found|not exist)/i,
  meaning: { kind: 'not-found' },
};

const REGION: Wording = {
  name: 'words about the region',
  pattern:
    /(?:country|region|territory|user location|your location)[^.]{0,40} (?:is |are )?(?:not supported|not available|unsupported|restricted|blocked)|not (?:available|supported|offered) in (?:your|this) (?:country|region|location)/i,
  meaning: { kind: 'region' },
};

const ACCESS: Wording = {
  name: 'words about a disabled account',
  pattern:
    /(?:organization|account|workspace|project|team) (?:has been|is|was) (?:disabled|suspended|restricted|deactivated)/i,
  meaning: { kind: 'permission' },
};

const UNSUPPORTED: Wording = {
  name: 'words about an unsupported parameter',
  pattern:
    /(?:unsupported|unknown|unrecognized|unexpected) (?:parameter|argument|request argument|field|value|key)|(?:does not|doesn't) (?:yet )?support|not supported (?:with|by|for|in|on) |extra inputs are not permitted|extraneous key|cannot find field/i,
  meaning: { kind: 'unsupported-parameter' },
};

const BODY: Wording = {
  name: 'words about an oversized body',
  pattern: /payload size exceeds|request (?:body|payload|entity) (?:is )?too large/i,
  meaning: { kind: 'payload-too-large' },
};

const HEADERS: Wording = {
  name: 'words about oversized headers',
  pattern: /request header or cookie too large|request header fields too large|headers? (?:is |are )?too large/i,
  meaning: { kind: 'headers-too-large' },
};

const SCOPES: Wording = {
  name: 'words about missing scopes',
  pattern: /missing scopes?|insufficient permissions for this operation/i,
  meaning: {
    kind: 'authentication',
    remedy: 'Grant the key the scopes that the message names, or use an unrestricted key.',
  },
};

const LIMITED: Wording = {
  name: 'words about a rate limit',
  pattern: /rate[- ]?limit|too many requests|requests per minute|tokens per min|throttl/i,
  meaning: { kind: 'rate-limit-requests' },
};

/** In the order they are tried. A ground that is not listed is refined by nothing. */
const WORDINGS: Readonly<Partial<Record<Ground, readonly Wording[]>>> = {
  request: [
    HEADERS,
    BODY,
    TOO_LARGE_FOR_LIMIT,
    OUTPUT_CAP,
    CONTEXT,
    MONEY,
    KEY,
    POLICY,
    REGION,
    CONTEXT_LOOSE,
    MODEL,
    ACCESS,
    UNSUPPORTED,
  ],
  credentials: [SCOPES],
  forbidden: [MONEY, REGION, POLICY],
  size: [TOO_LARGE_FOR_LIMIT, CONTEXT, CONTEXT_LOOSE],
  rate: [TOO_LARGE_FOR_LIMIT, MONEY, SLOW_DOWN],
  server: [CONTEXT, POLICY, OVERLOAD],
  unavailable: [SLOW_DOWN, OVERLOAD, LATER],
  unknown: [
    TOO_LARGE_FOR_LIMIT,
    OUTPUT_CAP,
    CONTEXT,
    MONEY,
    PLAN_AND_BILLING,
    LIMITED,
    OVERLOAD,
    KEY,
    POLICY,
    REGION,
    CONTEXT_LOOSE,
    MODEL,
  ],
};

/** Only where neither a code nor the message says outright that it is a rate limit and nothing else. */
const UNNAMED_RATE: readonly Wording[] = [OVERLOAD, LATER];
const PLAIN_RATE = /rate[- ]limit (?:is |was |has been )?(?:exceeded|reached)/i;

/** Where an answer begins to echo the caller's own messages: what stands there says nothing about the failure. */
const ECHO = /[{[][^{}[\]]{0,40}['"](?:role|content|text)['"]\s*:/;

export interface Reading {
  readonly meaning: Meaning;
  readonly name: string;
}

export interface WordingInput {
  readonly ground: Ground;
  readonly message: string;
  /** Whether a code or type said outright that it is a rate limit. */
  readonly namedRate: boolean;
  /** Whether Google's words were used: its "quota" is any limit. */
  readonly google: boolean;
}

/** Reads the meaning of a message on its ground; null when the wording adds nothing. */
export function readWording(input: WordingInput): Reading | null {
  const { ground, message } = input;
  const echo = ground === 'request' ? message.search(ECHO) : -1;
  const words = echo < 0 ? message : message.slice(0, echo);
  if (words === '') return null;
  const rate = ground === 'rate';
  const unnamed = rate && !input.namedRate && !PLAIN_RATE.test(words);
  const more = [...(rate && !input.google ? [PLAN_AND_BILLING] : []), ...(unnamed ? UNNAMED_RATE : [])];
  for (const { name, pattern, meaning } of [...(WORDINGS[ground] ?? []), ...more]) {
    if (pattern.test(words)) return { meaning, name };
  }
  return null;
}

/** Whether the message itself shows that one request asks for more than the whole limit. */
export function asksMoreThanLimit(message: string): boolean {
  const numbers = /\blimit:? ([\d,]+),? (?:used:? [\d,]+, )?requested:? ([\d,]+)/i.exec(message);
  if (!numbers) return false;
  const [limit, requested] = [numbers[1], numbers[2]].map((text) => Number(text?.replaceAll(',', '')));
  return limit !== undefined && requested !== undefined && limit > 0 && requested > limit;
}
