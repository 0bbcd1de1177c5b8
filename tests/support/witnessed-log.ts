import { utf8 } from '../../src/core/bytes.ts'
import { leafHash } from '../../src/core/entry.ts'
import { tileWidth } from '../../src/core/merkle/layout.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { consistencyProof, rootFromTiles, type TileReader } from '../../src/core/merkle/tiles.ts'
import { encodeNote, type SignedNote, type VerifierKey, verifierKey } from '../../src/core/note.ts'
import { encodeAddCheckpoint } from '../../src/core/witness-request.ts'
import { signerNamed } from './signers.ts'

/** A log that grows, and may fork: what a witness is shown. Leaves from `forkAt` on are another history's. */
export class WitnessedLog {
  readonly origin: string
  readonly key: VerifierKey
  private readonly forkAt: number
  private readonly signer: ReturnType<typeof signerNamed>

  constructor(origin: string, forkAt = Number.POSITIVE_INFINITY) {
    this.origin = origin
    this.forkAt = forkAt
    this.signer = signerNamed(`log ${origin}`)
    this.key = verifierKey(origin, this.signer.publicKey)
  }

  /** The same key, another history from an index on. */
  forked(at: number): WitnessedLog {
    return new WitnessedLog(this.origin, at)
  }

  private tree(size: number): TileReader {
    const levels: Tile[][] = []
    let hashes = Array.from({ length: size }, (_, i) => leafHash(utf8(`${i >= this.forkAt ? 'fork' : 'leaf'} ${i}`)))
    while (hashes.length > 0) {
      const tiles: Tile[] = []
      for (let at = 0; at < hashes.length; at += tileWidth) {
        const tile = new Tile()
        for (const hash of hashes.slice(at, at + tileWidth)) tile.append(hash)
        tiles.push(tile)
      }
      levels.push(tiles)
      hashes = tiles.flatMap(({ root }) => root ?? [])
    }
    return (level, n) => levels[level]?.[n]
  }

  root(size: number): Uint8Array {
    return rootFromTiles(size, this.tree(size))
  }

  proof(from: number, to: number): Uint8Array[] {
    return from === 0 || from === to ? [] : consistencyProof(from, to, this.tree(to))
  }

  /** A signed checkpoint; `extension` lines may follow the root. */
  note(size: number, root: Uint8Array = this.root(size), extension = ''): SignedNote {
    const text = `${this.origin}\n${size}\n${Buffer.from(root).toString('base64')}\n${extension}`
    return { text, signatures: [{ name: this.key.name, id: this.key.id, signature: this.signer.sign(utf8(text)) }] }
  }

  checkpoint(size: number): string {
    return encodeNote(this.note(size))
  }

  /** A body of add-checkpoint with a good proof. */
  request(from: number, to: number): string {
    return encodeAddCheckpoint(from, this.proof(from, to), this.checkpoint(to))
  }
}
