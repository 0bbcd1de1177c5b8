import { toBase64 } from '../../src/core/base64.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import {
  decodePiece,
  type Piece,
  type PieceAsked,
  type PieceSource,
  requireGives,
} from '../../src/ledger/copy/piece.ts'

/** A running ledger, in pieces: `/v1/replication`, by an auditor's right. */
export class UrlPieces implements PieceSource {
  readonly name: string
  private readonly client: LedgerClient

  constructor(client: LedgerClient) {
    this.client = client
    this.name = client.url
  }

  /** A piece of what is published, for a backup. */
  piece(from: number, erasures: number): Promise<Piece> {
    return this.ask({ from, erasures })
  }

  /**
   * The next piece for a follower that holds `from` entries with this root (none: it has nothing yet); waits up to `waitSeconds` for
   * one. To be asked by what makes each piece durable before it asks for the next: the leader may answer depositors upon it.
   */
  next(from: number, erasures: number, root: Uint8Array | undefined, waitSeconds: number): Promise<Piece> {
    const held = root === undefined ? {} : { root: toBase64(root) }
    return this.ask({ from, erasures }, { wait: String(waitSeconds), follow: 'true', ...held })
  }

  /** Every piece of a server comes by this, and goes on from what was asked. Throws what the client throws, and `server-answer`. */
  private async ask(asked: PieceAsked, more: Readonly<Record<string, string>> = {}): Promise<Piece> {
    const query = { from: String(asked.from), erasures: String(asked.erasures), ...more }
    const bytes = await this.client.fetchBytes(`/v1/replication?${new URLSearchParams(query).toString()}`)
    if (bytes === undefined)
      throw new EvidenceError('server-answer', `${this.name} has no /v1/replication: another program, or an older one`)
    const piece = decodePiece(bytes)
    requireGives(piece, asked, this.name)
    return piece
  }
}
