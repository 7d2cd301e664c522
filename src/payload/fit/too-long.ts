/** What a provider said of a prompt that is too long; null where it did not. All in tokens of its own counting. */
export interface TooLong {
  readonly limit: number | null;
  readonly prompt: number | null;
  readonly output: number | null;
}

/** A number of a message, which may have commas in it, named for what it is. */
const number = (name: keyof TooLong): string => `(?<${name}>\\d[\\d,]*)`;

const LIMIT = number('limit');
const PROMPT = number('prompt');
const OUTPUT = number('output');

/** How providers word it, those who tell most first. */
const WORDINGS: readonly RegExp[] = [
  // OpenAI, Azure, vLLM of old, and many who copied the sentence.
  `maximum context length is ${LIMIT} tokens.*\\(${PROMPT} in the messages.* ${OUTPUT} in the completion\\)`,
  `is too large: ${OUTPUT}.*maximum context length is ${LIMIT} tokens and your request has ${PROMPT} input`,
  `You passed ${PROMPT} input .*requested ${OUTPUT} output.*context length is only ${LIMIT}`,
  `maximum context length is ${LIMIT} tokens.*\\(${PROMPT} of text input.* ${OUTPUT} in the output\\)`,
  // Anthropic.
  `exceed context limit: ${PROMPT} \\+ ${OUTPUT} > ${LIMIT}`,
  `prompt is too long: ${PROMPT} tokens > ${LIMIT} maximum`,
  // Text Generation Inference.
  `must be <= ${LIMIT}\\. Given: ${PROMPT} \`inputs\` tokens and ${OUTPUT}`,
  `maximum context length is ${LIMIT} tokens.*(?:resulted in|has|contains|requested)(?: about)? ${PROMPT}`,
  // Gemini, llama.cpp, Bedrock, Cerebras.
  `input token count \\(?${PROMPT}\\)? exceeds the maximum number of tokens allowed \\(?${LIMIT}`,
  `request \\(${PROMPT} tokens\\) exceeds the available context size \\(${LIMIT}`,
  `prompt tokens \\(${PROMPT}\\) exceed model maximum \\(${LIMIT}`,
  `current length is ${PROMPT} while limit is ${LIMIT}`,
  // Those who tell their limit alone.
  `maximum context length (?:is|of) (?:only )?${LIMIT}`,
  `context length (?:is|of) only ${LIMIT}`,
  `too large for model with ${LIMIT} maximum context`,
  `maximum prompt length is ${LIMIT}`,
  `configured limit of ${LIMIT}`,
  `input length should be \\[1, ?${LIMIT}\\]`,
].map((wording) => new RegExp(wording, 'is'));

/** Reads the numbers in a provider's refusal. */
export function readTooLong(message: string): TooLong {
  for (const wording of WORDINGS) {
    const groups = wording.exec(message)?.groups;
    if (groups === undefined) continue;
    return { limit: numberIn(groups['limit']), prompt: numberIn(groups['prompt']), output: numberIn(groups['output']) };
  }
  return { limit: null, prompt: null, output: null };
}

function numberIn(written: string | undefined): number | null {
  const value = Number(written?.replaceAll(',', ''));
  return value > 0 ? value : null;
}
