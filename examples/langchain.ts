// LangChain hands its configuration on to the official SDK, and so the `fetch`.
import { ChatOpenAI } from '@langchain/openai';
import { holdfast } from '../src/index.ts';
import { startSimulator } from '../src/simulator/index.ts';

const provider = await startSimulator();
const { fetch, close } = holdfast();
const model = new ChatOpenAI({
  model: 'gpt-4o',
  apiKey: 'sk-any',
  maxRetries: 0,
  configuration: { baseURL: `${provider.url}/v1`, fetch },
});

provider.nextFaults(['bad-gateway']);
const message = await model.invoke('Say: still standing');
console.log(message.content);

await close();
await provider.close();
