import { isObject } from './fields.ts';
import type { Inspection } from './inspection.ts';
import type { ModelFacts } from './model-rules.ts';
import { type Problem, problem } from './problem.ts';
import { quoted } from './quoted.ts';

type Request = Readonly<Record<string, unknown>>;

/** What the fields of a request on Anthropic's wire have to do with one another, told as Anthropic tells it. */
export function checkMessagesRules(request: Request, on: Inspection): void {
  const { messages } = request;
  if (Array.isArray(messages)) checkConversation(messages, on);
  checkTools(request, on);
  checkThinking(request, on);
}

/** Tells of one rule that is broken: where, and how it is put right. */
function broken(rule: Problem['rule'], param: string, message: string, fix: string): Problem {
  return problem({ rule, param, message, fix });
}

function checkConversation(messages: readonly unknown[], on: Inspection): void {
  if (messages.length === 0) {
    const message = 'messages: at least one message is required';
    return on.add(broken('empty', 'messages', message, 'Send what the user says as a message.'));
  }
  if (isObject(messages[0]) && messages[0]['role'] === 'assistant') {
    const message = 'messages: first message must use the "user" role';
    on.add(broken('value', 'messages.0.role', message, 'Begin with a message of the user.'));
  }
  let awaited: readonly string[] = [];
  for (let at = 0; at < messages.length && !on.full; at += 1) {
    const message = messages[at];
    if (!isObject(message)) continue;
    const blocks = blocksOf(message);
    checkContent(message, blocks, at, at === messages.length - 1, on);
    const answered = blocks.flatMap((block) => (block['type'] === 'tool_result' ? idIn(block, 'tool_use_id') : []));
    checkResults(awaited, answered, at, on);
    awaited = blocks.flatMap((block) => (block['type'] === 'tool_use' ? idIn(block, 'id') : []));
  }
  if (!on.full) checkResults(awaited, [], messages.length, on);
}

function blocksOf({ content }: Request): readonly Request[] {
  return Array.isArray(content) ? content.filter(isObject) : [];
}

function idIn(block: Request, member: string): string[] {
  const id = block[member];
  return typeof id === 'string' ? [id] : [];
}

/** Nobody says nothing, but for an answer that is only begun. */
function checkContent(message: Request, blocks: readonly Request[], at: number, isLast: boolean, on: Inspection): void {
  const { content, role } = message;
  const isEmpty = content === '' || (Array.isArray(content) && content.length === 0);
  if (isEmpty && !(isLast && role === 'assistant')) {
    const words = `messages.${at}: all messages must have non-empty content except for the optional final assistant message`;
    on.add(broken('empty', `messages.${at}.content`, words, `Say something in messages.${at}, or leave it out.`));
  }
  const blank = blocks.findIndex(({ type, text }) => type === 'text' && typeof text === 'string' && text.trim() === '');
  if (blank >= 0) {
    const words = 'messages: text content blocks must contain non-whitespace text';
    const param = `messages.${at}.content.${blank}.text`;
    on.add(broken('empty', param, words, `Leave messages.${at}.content.${blank} out.`));
  }
  const said =
    typeof content === 'string' ? content : blocks.at(-1)?.['type'] === 'text' ? blocks.at(-1)?.['text'] : '';
  if (isLast && role === 'assistant' && typeof said === 'string' && said !== said.trimEnd()) {
    const words = 'messages: final assistant content cannot end with trailing whitespace';
    on.add(broken('value', `messages.${at}.content`, words, 'Take the white space off the end of the last message.'));
  }
}

/** Calls of tools are answered at once, all of them, and nothing else is. */
function checkResults(awaited: readonly string[], answered: readonly string[], at: number, on: Inspection): void {
  const open = awaited.filter((id) => !answered.includes(id));
  if (open.length > 0) {
    const ids = open.slice(0, 10).map(named).join(', ');
    const message =
      `messages.${at - 1}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids}. ` +
      'Each `tool_use` block must have a corresponding `tool_result` block in the next message.';
    const fix = `Send a tool_result for each of these ids in the message behind messages.${at - 1}, or remove the calls.`;
    on.add(broken('tool-pairs', `messages.${at - 1}`, message, fix));
  }
  const stray = answered.filter((id) => !awaited.includes(id));
  if (stray.length === 0) return;
  const ids = stray.slice(0, 10).map(named).join(', ');
  const message =
    `messages.${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${ids}. ` +
    'Each `tool_result` block must have a corresponding `tool_use` block in the previous message.';
  const fix = `Put the message that made the call right before messages.${at}, or remove the result.`;
  on.add(broken('tool-pairs', `messages.${at}`, message, fix));
}

function named(id: string): string {
  return quoted(id).slice(1, -1);
}

function checkTools({ tools, tool_choice: choice }: Request, on: Inspection): void {
  const declared = Array.isArray(tools) ? tools.filter(isObject) : [];
  const names = declared.map(({ name }) => name);
  for (const [at, tool] of declared.entries()) {
    const { input_schema: schema, name } = tool;
    if (isObject(schema) && schema['type'] !== 'object') {
      const missing = schema['type'] === undefined;
      const message = `tools.${at}.input_schema.type: ${missing ? 'Field required' : "Input should be 'object'"}`;
      on.add(
        broken('schema', `tools.${at}.input_schema.type`, message, 'Describe an object: {"type": "object", ...}.'),
      );
    }
    if (typeof name !== 'string' || names.indexOf(name) === at) continue;
    on.add(broken('value', `tools.${at}.name`, 'tools: Tool names must be unique.', `Declare ${quoted(name)} once.`));
  }
  if (!isObject(choice)) return;
  if (declared.length === 0 && choice['type'] !== 'none') {
    const message = 'tool_choice may only be specified while providing tools.';
    return on.add(broken('only-with', 'tool_choice', message, 'Declare the tools, or leave tool_choice out.'));
  }
  const { type, name: wanted } = choice;
  if (type !== 'tool' || typeof wanted !== 'string' || names.includes(wanted)) return;
  const message = `tool_choice: Tool ${quoted(wanted)} not found in provided tools`;
  on.add(broken('tool-choice', 'tool_choice.name', message, 'Choose one of the declared tools.'));
}

function checkThinking({ thinking, max_tokens: most }: Request, on: Inspection): void {
  const budget = isObject(thinking) && thinking['type'] === 'enabled' ? thinking['budget_tokens'] : null;
  if (typeof budget !== 'number' || typeof most !== 'number' || budget < most) return;
  const message = '`max_tokens` must be greater than `thinking.budget_tokens`';
  on.add(
    broken('range', 'max_tokens', message, 'Ask for more tokens, or let it think less: thoughts count among them.'),
  );
}

/** What of a request one model of Anthropic's does not take. */
export function checkMessagesModel(request: Request, { maxOutput, sampling }: ModelFacts, on: Inspection): void {
  const { max_tokens: asked, model, temperature } = request;
  if (maxOutput !== null && typeof asked === 'number' && asked > maxOutput) {
    const name = typeof model === 'string' ? named(model) : 'this model';
    on.add(
      problem({
        rule: 'output-cap',
        kind: 'output-cap',
        param: 'max_tokens',
        message: `max_tokens: ${asked} > ${maxOutput}, which is the maximum allowed number of output tokens for ${name}`,
        fix: `Ask for at most ${maxOutput} as max_tokens.`,
        repair: { name: 'output-cap', path: ['max_tokens'], change: 'replace', with: maxOutput },
      }),
    );
  }
  if (sampling === 'fixed' && typeof temperature === 'number' && temperature !== 1) {
    on.add(
      problem({
        rule: 'sampling',
        kind: 'unsupported-parameter',
        param: 'temperature',
        message: 'temperature: may only be set to 1 with this model',
        fix: 'Leave temperature out for this model.',
        repair: { name: 'sampling', path: ['temperature'], change: 'remove' },
      }),
    );
  }
}
