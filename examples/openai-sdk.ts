// One line in an app that uses the official SDK: `fetch`.
import OpenAI from 'openai';
import { holdfast } from '../src/index.ts';
import { startSimulator } from '../src/simulator/index.ts';

const provider = await startSimulator();

const { fetch, close } = holdfast();
const client = new OpenAI({ baseURL: `${provider.url}/v1`, apiKey: 'sk-any', fetch });

// The provider is overloaded for a moment; the application does not notice.
provider.nextFaults(['overloaded']);
const { data, response } = await client.chat.completions
  .create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Say: still standing' }] })
  .withResponse();

console.log(data.choices[0]?.message.content);
console.log(`${response.headers.get('x-holdfast-attempts')} attempts`);

await close();
await provider.close();
