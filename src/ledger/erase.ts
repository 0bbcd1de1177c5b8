import { type Disclosure, parseDisclosure } from '../core/disclosure.ts'
import { readBody } from '../statements/body.ts'
import { listedBy, sealedDigestsOf } from '../statements/said.ts'
import { addErasures, readErasures } from './erasures.ts'
import { lookupsGone } from './lookup.ts'
import type { LedgerReads, ServedEntry } from './reads.ts'
import type { LedgerStorage } from './storage.ts'

/**
 * Erases the disclosures of an entry that `which` names, and adds them to the `list` of erasures; gives the claims erased. Nothing else
 * may use the storage meanwhile. Throws `entry-not-found`, `storage-damaged`.
 */
export async function eraseDisclosures(
  { reads, storage, list }: { readonly reads: LedgerReads; readonly storage: LedgerStorage; readonly list: string },
  index: number,
  which: (disclosure: Disclosure) => boolean,
): Promise<string[]> {
  const entry = await reads.entry(index)
  const stored = (await reads.disclosures(entry)).map(parseDisclosure)
  const erased = stored.filter(which)
  const keep = stored.filter((disclosure) => !erased.includes(disclosure))
  // The list of erasures, which copies read, is written before the claims are removed: after a crash in between, the erasure is repeated, and
  // no copy misses it.
  if (erased.length > 0) addErasures(list, [{ index, digests: erased.map(({ digest }) => digest) }])
  // One that was cut off may have left what it deleted in files that were not rewritten yet.
  else if (!readErasures(list).some((erasure) => erasure.index === index)) return []
  const lists = lookupsGone(listedBy(entry.statement), erased, keep)
  await storage.eraseDisclosures([{ index, keep: keep.map(({ text }) => text), lists }])
  return erased.map(({ claim }) => claim)
}

/** Lists the terms of a rule of access, which are lost, as erased: the operator's word that they are gone. Gives their claim. */
export function listLost({ list }: { readonly list: string }, { index, statement }: ServedEntry): string[] {
  const body = readBody(statement)
  addErasures(list, [{ index, digests: body === undefined ? [] : [...sealedDigestsOf(body)] }])
  return ['terms']
}
