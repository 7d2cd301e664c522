import { streamOptionsAlone } from './chat-rules.ts';
import { isObject } from './fields.ts';
import type { Inspection } from './inspection.ts';
import { saysJson } from './json-word.ts';
import { missing, onlyWith, problem } from './problem.ts';
import { quoted } from './quoted.ts';
import { checkParameters, checkStrictSchema } from './schema-rules.ts';

type Request = Readonly<Record<string, unknown>>;

/** What the fields of a Responses request have to do with one another. */
export function checkResponsesRules(request: Request, on: Inspection): void {
  const { input, stream, stream_options: streamOptions, tools, text } = request;
  checkPresence(request, on);
  if (Array.isArray(input) && standsAlone(request, input)) checkPairs(input, on);
  if (isObject(streamOptions) && stream !== true) on.add(streamOptionsAlone());
  if (Array.isArray(tools) && tools.length > 0) checkTools(tools, request['tool_choice'], on);
  else checkChoiceAlone(request['tool_choice'], on);
  if (isObject(text) && isObject(text['format'])) checkFormat(text['format'], request, on);
}

function checkPresence(request: Request, on: Inspection): void {
  const { model, input, prompt, previous_response_id: previous, conversation } = request;
  const has = (value: unknown): boolean => value !== undefined && value !== null;
  if (!has(model) && !has(prompt)) on.add(missing('model'));
  if (!has(input) && !has(prompt) && !has(previous) && !has(conversation)) on.add(missing('input'));
  if (!has(previous) || !has(conversation)) return;
  on.add(
    problem({
      rule: 'not-both',
      param: 'previous_response_id',
      code: 'mutually_exclusive_parameters',
      message:
        "Mutually exclusive parameters: 'previous_response_id'. Ensure you are only providing one of: " +
        "'previous_response_id' or 'conversation'.",
      fix: 'A conversation remembers its responses by itself: leave previous_response_id out.',
    }),
  );
}

/** Whether the input is the whole conversation. Where the provider remembers the rest, calls may stand there. */
function standsAlone(request: Request, input: readonly unknown[]): boolean {
  const { previous_response_id: previous, conversation, prompt } = request;
  if (previous != null || conversation != null || prompt != null) return false;
  return !input.some((item) => isObject(item) && (item['type'] === 'item_reference' || item['type'] === 'compaction'));
}

const OUTPUT_OF: Readonly<Record<string, string>> = {
  function_call: 'function_call_output',
  custom_tool_call: 'custom_tool_call_output',
};

const CALL_OF: Readonly<Record<string, string>> = {
  function_call_output: 'function_call',
  custom_tool_call_output: 'custom_tool_call',
};

const NOUN: Readonly<Record<string, string>> = { function_call: 'function call', custom_tool_call: 'custom tool call' };

/** Every call has its output later on, and every output its call before it. */
function checkPairs(input: readonly unknown[], on: Inspection): void {
  const open = new Map<string, string>();
  const made = new Set<string>();
  for (const item of input) {
    if (!isObject(item) || typeof item['type'] !== 'string' || typeof item['call_id'] !== 'string') continue;
    const { type, call_id: id } = item;
    if (Object.hasOwn(OUTPUT_OF, type)) {
      made.add(`${type} ${id}`);
      // Calls that a program of the provider's makes, and those that go on in the background, are answered there.
      if (item['async'] !== true && item['caller'] == null) open.set(`${OUTPUT_OF[type]} ${id}`, type);
    } else if (Object.hasOwn(CALL_OF, type)) {
      const call = CALL_OF[type] as string;
      open.delete(`${type} ${id}`);
      if (!made.has(`${call} ${id}`)) on.add(orphan(call, id));
    }
  }
  for (const [key, call] of open) on.add(unanswered(call, key.slice(key.indexOf(' ') + 1)));
}

function orphan(call: string, id: string): ReturnType<typeof problem> {
  return problem({
    rule: 'tool-pairs',
    param: 'input',
    message: `No tool call found for ${NOUN[call]} output with call_id ${quoted(id).slice(1, -1)}.`,
    fix: 'Send the item of the call before its output, or name the response that made it in previous_response_id.',
  });
}

function unanswered(call: string, id: string): ReturnType<typeof problem> {
  return problem({
    rule: 'tool-pairs',
    param: 'input',
    message: `No tool output found for ${NOUN[call]} ${quoted(id).slice(1, -1)}.`,
    fix: `Send an item of type ${OUTPUT_OF[call]} with this call_id, or remove the call.`,
  });
}

function checkTools(tools: readonly unknown[], choice: unknown, on: Inspection): void {
  for (const [at, tool] of tools.entries()) {
    if (!isObject(tool) || tool['type'] !== 'function') continue;
    const owner = { noun: 'function', name: tool['name'], param: ['tools', at, 'parameters'] } as const;
    if (tool['strict'] === true) checkStrictSchema(tool['parameters'], owner, on);
    else checkParameters(tool['parameters'], owner, on);
  }
  if (!isObject(choice) || (choice['type'] !== 'function' && choice['type'] !== 'custom')) return;
  const { type, name } = choice;
  if (typeof name !== 'string' || tools.some((tool) => isObject(tool) && tool['type'] === 'namespace')) return;
  const names = tools.map((tool) => (isObject(tool) && tool['type'] === type ? tool['name'] : undefined));
  if (names.includes(name)) return;
  on.add(
    problem({
      rule: 'tool-choice',
      param: 'tool_choice',
      message: `Tool choice ${quoted(name)} not found in 'tools' parameter.`,
      fix: `Choose one of the declared tools: ${names
        .filter((each) => typeof each === 'string')
        .slice(0, 10)
        .map(quoted)
        .join(', ')}.`,
    }),
  );
}

function checkChoiceAlone(choice: unknown, on: Inspection): void {
  if (choice === undefined || choice === null || choice === 'none' || choice === 'auto') return;
  on.add(
    onlyWith(
      'tool_choice',
      "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
      'Declare the tools, or leave tool_choice out.',
    ),
  );
}

function checkFormat(format: Record<string, unknown>, { input, instructions, prompt }: Request, on: Inspection): void {
  if (format['type'] === 'json_object' && prompt == null && !saysJson(input) && !saysJson(instructions)) {
    on.add(
      problem({
        rule: 'json-word',
        param: 'input',
        message:
          "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
        fix: 'Say in the input that you want JSON, or use text.format of type json_schema.',
      }),
    );
  }
  if (format['type'] !== 'json_schema' || format['strict'] !== true) return;
  checkStrictSchema(
    format['schema'],
    { noun: 'response_format', name: format['name'], param: ['text', 'format', 'schema'] },
    on,
  );
}
