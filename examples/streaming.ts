// A stream that dies before its first word is replaced; one that dies later ends in an error, never in a false `stop`.
import OpenAI from 'openai';
import { holdfast } from '../src/index.ts';
import { startSimulator } from '../src/simulator/index.ts';

const provider = await startSimulator();
const { fetch, close } = holdfast();
const client = new OpenAI({ baseURL: `${provider.url}/v1`, apiKey: 'sk-any', fetch, maxRetries: 0 });

async function ask(): Promise<void> {
  let text = '';
  try {
    const stream = await client.chat.completions.create({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'Say: one two three four five six seven eight' }],
      stream: true,
    });
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    console.log(`whole: ${text}`);
  } catch (error) {
    console.log(`cut after "${text}": ${error instanceof Error ? error.message.split('\n')[0] : ''}`);
  }
}

provider.nextFaults(['cut:0']);
await ask();
provider.nextFaults(['cut:4']);
await ask();

await close();
await provider.close();
