// The Vercel AI SDK takes a `fetch` too.
import { createOpenAI } from '@ai-sdk/openai';
import { generateText } from 'ai';
import { holdfast } from '../src/index.ts';
import { startSimulator } from '../src/simulator/index.ts';

const provider = await startSimulator();
const { fetch, close } = holdfast();
const openai = createOpenAI({ baseURL: `${provider.url}/v1`, apiKey: 'sk-any', fetch });

provider.nextFaults(['server-error']);
const { text } = await generateText({ model: openai('gpt-4o'), prompt: 'Say: still standing', maxRetries: 0 });
console.log(text);

await close();
await provider.close();
