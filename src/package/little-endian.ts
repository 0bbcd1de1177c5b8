/* Numbers of a zip, lowest byte first. Each throws a RangeError where the bytes end before: the caller has looked at the length. */

/** The unsigned number of 16 bits at a place. */
export function u16(bytes: Uint8Array, at: number): number {
  if (at + 2 > bytes.length) throw new RangeError(`no 16 bits at ${at} of ${bytes.length} bytes`)
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
}

/** The unsigned number of 32 bits at a place. */
export function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) + u16(bytes, at + 2) * 0x10000
}
