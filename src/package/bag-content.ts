/** What is to stand at a path of a bag: bytes, or a file of a disk, of a known size. */
export type BagContent = { readonly bytes: Uint8Array } | { readonly file: string | Uint8Array; readonly size: number }

/** Its length, in bytes. */
export function contentSize(content: BagContent): number {
  return 'bytes' in content ? content.bytes.length : content.size
}
