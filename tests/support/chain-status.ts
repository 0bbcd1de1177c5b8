import type { StatusAnswer } from '../../src/api/answers.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { fromUtf8 } from '../../src/core/bytes.ts'
import { leafHash } from '../../src/core/entry.ts'
import { LogView } from '../../src/log/view.ts'
import { depositor, type TestChain } from './chain.ts'

interface Asked {
  /** The entry that was asked for. */
  readonly index: number
  /** Size of the asker's checkpoint. */
  readonly from: number
  /** Retractions of the entry, by `mistake`, that are told and shown. */
  readonly events?: readonly number[]
  readonly next?: number | null
}

/** What a server of a sealed chain answers about an entry (docs/spec/15-status.md). */
export async function statusInChain(
  chain: TestChain,
  { index, from, events = [], next = null }: Asked,
): Promise<StatusAnswer> {
  const view = await LogView.open(chain)
  const place = async (at: number): Promise<{ index: number; leafHash: string; hashes: string[] }> => {
    const { bytes } = await view.entry(at)
    return { index: at, leafHash: toBase64(leafHash(bytes)), hashes: (await view.inclusion(at, bytes)).map(toBase64) }
  }
  const told = events.map(async (at) => {
    const { bytes } = await view.entry(at)
    const time = fromUtf8(bytes).split('\n')[2] as string
    const what = { kind: 'evidence.retract', what: 'retracted', code: 'mistake' } as const
    return { ...(await place(at)), time, ...what, entry: toBase64(bytes), signer: { ...depositor.jwk } }
  })
  const consistency = view.size === from ? [] : (await view.consistency(from)).map(toBase64)
  return {
    ...(await place(index)),
    size: view.size,
    checkpoint: chain.note,
    consistency,
    events: await Promise.all(told),
    next,
  }
}
