/** The two encoders that every runtime of this layer has (browser, Node, Deno, workers) and that ES2023's library lacks. */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>
}
declare class TextDecoder {
  constructor(label: 'utf-8', options: { fatal: boolean; ignoreBOM: true })
  decode(bytes: Uint8Array): string
}
