/** Beginning of a file as text, for sniffing. */
export function decodeHead(head: Uint8Array, bytes = 16 << 10): string {
  return Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, bytes))
    .toString('latin1')
    .replace(/\r\n/g, '\n');
}
