/** WebCrypto, as far as it is used here: of a browser (over https or from a file; undefined elsewhere), of Node, Deno and workers. */
interface PlainKey {
  readonly type: string
}
declare const crypto:
  | {
      readonly subtle?: {
        importKey(
          format: 'jwk' | 'raw',
          data: object,
          algorithm: object,
          extractable: false,
          usages: readonly ['verify'],
        ): Promise<PlainKey>
        verify(algorithm: object, key: PlainKey, signature: Uint8Array, data: Uint8Array): Promise<boolean>
      }
    }
  | undefined
