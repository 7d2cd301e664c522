/**
 * A stand-in for an OpenTelemetry collector: reads what it is sent, and is content with it. Whoever GETs it is told how many
 * bytes it took.
 *
 * Environment: PORT.
 */
import { createServer } from 'node:http';

let bytes = 0;

createServer((request, response) => {
  request.on('data', (chunk: Buffer) => (bytes += chunk.length));
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end(request.method === 'GET' ? JSON.stringify({ bytes }) : '{}');
  });
}).listen(Number(process.env['PORT']), '127.0.0.1');
