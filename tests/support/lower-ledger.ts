import { utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { encodeEntry, leafHash, zeroHash } from '../../src/core/entry.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { rootFromTiles } from '../../src/core/merkle/tiles.ts'
import { verifierKey } from '../../src/core/note.ts'
import { encodeReceipt } from '../../src/core/receipt.ts'
import { depositor, startMs } from './chain.ts'
import { signerNamed } from './signers.ts'
import { itemFor, statement } from './statements.ts'

/** The origin of {@link lowerLedger}. */
export const lowerOrigin = 'lower.example/chain'

/** A ledger of one entry, a deposit of the file `x`, or of other items; its receipt and its checkpoint. */
export function lowerLedger(items: readonly object[] = [itemFor('x')]): { receipt: Uint8Array; note: string } {
  const { jws } = statement(depositor, lowerOrigin, 'evidence.deposit', { items }, { iat: startMs / 1000 })
  const time = '2026-11-01T08:00:00.000Z'
  const entryBytes = encodeEntry({ index: 0, time, previous: zeroHash, statement: jws })
  const tile = new Tile()
  tile.append(leafHash(entryBytes))
  const signer = signerNamed('lower ledger')
  const key = verifierKey(lowerOrigin, signer.publicKey)
  const note = signCheckpoint({ origin: lowerOrigin, size: 1, root: rootFromTiles(1, () => tile) }, key, signer.sign)
  return { receipt: utf8(encodeReceipt({ entryBytes, signer: depositor.jwk, disclosures: [] }, 0, [], note)), note }
}
