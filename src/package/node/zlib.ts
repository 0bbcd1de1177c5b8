import { InflateFault, type Unpacking } from '../unpacking.ts'

/** Node's zlib, which unpacks several times as fast as the one in JavaScript. Loaded when it is asked for: every other check starts without it. */
export async function loadUnpacking(): Promise<Unpacking> {
  const [{ crc32, createInflateRaw }, { Readable }] = await Promise.all([import('node:zlib'), import('node:stream')])
  async function* inflate(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, number> {
    const inflater = createInflateRaw()
    const source = Readable.from(packed)
    let failure: Error | undefined
    // What reading throws goes on as it is.
    source.once('error', (error) => inflater.destroy((failure = error)))
    try {
      for await (const chunk of source.pipe(inflater)) yield chunk as Uint8Array
    } catch (error) {
      if (failure !== undefined) throw failure
      throw new InflateFault((error as Error).message, { cause: error })
    } finally {
      source.destroy()
    }
    return inflater.bytesWritten
  }
  return { crc32, inflate }
}
