import { utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { encodeEntry, leafHash, zeroHash } from '../../src/core/entry.ts'
import { tileWidth } from '../../src/core/merkle/layout.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { rootFromTiles } from '../../src/core/merkle/tiles.ts'
import { verifierKey } from '../../src/core/note.ts'
import { encodeLogPolicy, parsePolicy, type Policy } from '../../src/core/policy.ts'
import { formatTime } from '../../src/core/time.ts'
import type { LogSource } from '../../src/log/log.ts'
import { signerNamed } from './signers.ts'
import { deposit, statement } from './statements.ts'

export const origin = 'test.example/chain'
export const ledgerSigner = signerNamed('ledger')
export const administrator = signerNamed('administrator')
export const depositor = signerNamed('depositor')
export const ledgerKey = verifierKey(origin, ledgerSigner.publicKey)
export const policy: Policy = parsePolicy(utf8(encodeLogPolicy(ledgerKey)))
/** Time of entry 0. */
export const startMs = Date.parse('2026-11-01T08:00:00.000Z')

/**
 * A chain in memory, entry by entry, with no rulebook in its way: tests seal what a ledger never would. Entries, links and
 * disclosures can be changed before it is turned into a source.
 */
export class TestChain implements LogSource {
  readonly name = 'memory'
  readonly bytes: Uint8Array[] = []
  readonly disclosed = new Map<number, string[]>()
  /** Bytes of each entry as sealed: what the tree holds, whatever is done to `bytes` later. */
  private sealed: Uint8Array[] | undefined
  note = ''
  private nowMs = startMs

  /** Appends a statement's JWS; gives its index. */
  add(
    jws: string,
    { timeMs, previous, index }: { timeMs?: number; previous?: Uint8Array; index?: number } = {},
  ): number {
    this.nowMs = timeMs ?? this.nowMs + 1000
    const last = this.bytes[this.bytes.length - 1]
    const link = previous ?? (last === undefined ? zeroHash : leafHash(last))
    const at = this.bytes.length
    this.bytes.push(encodeEntry({ index: index ?? at, time: formatTime(this.nowMs), previous: link, statement: jws }))
    return at
  }

  /** A reference to an entry. */
  reference(index: number): { index: number; leafHash: string } {
    return { index, leafHash: Buffer.from(leafHash(this.bytes[index] as Uint8Array)).toString('base64') }
  }

  /** Genesis by the administrator, and the admission of the depositor. */
  start(): this {
    const administrators = [{ id: 'administrator', keys: [administrator.jwk] }]
    const genesis = { origin, environment: 'trial', ledgerKeys: [ledgerKey.text], administrators }
    this.add(
      statement(administrator, origin, 'ledger.genesis', genesis, { iss: 'administrator', iat: startMs / 1000 }).jws,
    )
    this.admit('depositor', ['depositor'], depositor)
    return this
  }

  admit(id: string, roles: readonly string[], key = signerNamed(id)): number {
    const participant = { id, type: 'organisation', roles, keys: [key.jwk] }
    return this.add(
      statement(
        administrator,
        origin,
        'participant.admit',
        { participant },
        { iss: 'administrator', iat: startMs / 1000 },
      ).jws,
    )
  }

  /** Deposits, each with a sealed claim, by the depositor or another. */
  deposits(count: number, by = { iss: 'depositor', key: depositor }): this {
    for (let i = 0; i < count; i++) {
      const { jws, disclosures } = deposit(by.key, origin, `content ${this.bytes.length}`, {
        iss: by.iss,
        iat: startMs / 1000,
        sealed: { names: [`file-${this.bytes.length}.txt`] },
      })
      const index = this.add(jws)
      this.disclosed.set(
        index,
        disclosures.map(({ text }) => text),
      )
    }
    return this
  }

  /** Signs the tree of the entries as they are now; what is changed later no longer fits it. */
  seal(signer = ledgerSigner, key = ledgerKey): this {
    this.sealed = [...this.bytes]
    const size = this.sealed.length
    this.note = signCheckpoint({ origin, size, root: rootFromTiles(size, this.readTile) }, key, signer.sign)
    return this
  }

  private readonly readTile = (level: number, n: number): Tile | undefined => {
    const sealed = this.sealed ?? this.bytes
    const tile = new Tile()
    const count = Math.min(tileWidth, Math.floor(sealed.length / tileWidth ** level) - n * tileWidth)
    for (let i = 0; i < count; i++) {
      const at = n * tileWidth + i
      tile.append(level === 0 ? leafHash(sealed[at] as Uint8Array) : (this.readTile(level - 1, at)?.root as Uint8Array))
    }
    return tile.width === 0 ? undefined : tile
  }

  checkpoint(): Promise<Uint8Array> {
    return Promise.resolve(utf8(this.note))
  }
  tile(level: number, n: number, _width: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.readTile(level, n)?.bytes())
  }
  entries(n: number, width: number): Promise<(Uint8Array | undefined)[]> {
    return Promise.resolve(Array.from({ length: width }, (_, i) => this.bytes[n * tileWidth + i]))
  }
  disclosuresIn(begin: number, end: number): Promise<Map<number, string[]>> {
    return Promise.resolve(new Map([...this.disclosed].filter(([index]) => index >= begin && index < end)))
  }
}
