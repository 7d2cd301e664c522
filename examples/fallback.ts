// A second provider answers while the first is down, and the record tells what happened.
import OpenAI from 'openai';
import { holdfast } from '../src/index.ts';
import { startSimulator } from '../src/simulator/index.ts';

const [first, second] = await Promise.all([startSimulator({ name: 'first' }), startSimulator({ name: 'second' })]);

const { fetch, close } = holdfast({
  fallbacks: [{ id: 'second', baseUrl: `${second.url}/v1`, apiKey: 'sk-other' }],
  onRecord: ({ outcome, target, attempts }) => {
    console.log(
      `${outcome} by ${target} after ${attempts.map(({ fault }) => fault?.kind ?? 'no fault').join(', then ')}`,
    );
  },
});
const client = new OpenAI({ baseURL: `${first.url}/v1`, apiKey: 'sk-any', fetch });

first.setFault('unavailable');
const answer = await client.responses.create({ model: 'gpt-4o', input: 'Say: from the second' });
console.log(answer.output_text);

await close();
await Promise.all([first.close(), second.close()]);
