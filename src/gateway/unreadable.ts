import type { Socket } from 'node:net';
import type { ServerConfig } from '../config/config.ts';
import type { Fault } from '../engine/fault/fault.ts';
import { envelope, faultOf } from '../engine/fault/index.ts';
import { headersTooLarge, tooSlow } from './limits.ts';

/** What is wrong with bytes that node:http could not read as a request, or that came too slowly or too large. */
export function faultOfBytes(error: NodeJS.ErrnoException, limits: ServerConfig['limits']): Fault {
  if (error.code === 'HPE_HEADER_OVERFLOW') return headersTooLarge(limits.headerBytes);
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return tooSlow(limits.slowRequestMs);
  return faultOf('invalid-request', {
    message: 'the bytes received are no HTTP request',
    evidence: [error.code ?? ''],
  });
}

/** Refuses what is no request that could be answered, and ends the connection. */
export function refuseBytes(socket: Socket, fault: Fault, requestId: string): void {
  if (!socket.writable) return void socket.destroy();
  const { status, body } = envelope(fault, { requestId, attempts: 0 });
  const text = JSON.stringify(body);
  const head = `HTTP/1.1 ${status} Error\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}`;
  socket.end(`${head}\r\nx-should-retry: false\r\nconnection: close\r\n\r\n${text}`);
}
