import { latin1 } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { tilePath, tileWidth } from '../core/merkle/layout.ts'
import { type NamedTile, splitBundle } from '../log/bundle.ts'
import type { LogSource } from '../log/log.ts'
import { asUnanswered, ServerRefusal } from './http.ts'
import type { LedgerClient } from './ledger-client.ts'

/** A ledger at a URL, through C2SP tlog-tiles alone: any server or folder of static files will do. */
export class UrlSource implements LogSource {
  readonly name: string
  private readonly client: LedgerClient

  constructor(client: LedgerClient) {
    this.client = client
    this.name = client.url
  }

  async checkpoint(): Promise<Uint8Array> {
    const bytes = await this.fetchBytes('/checkpoint')
    if (bytes === undefined) throw new EvidenceError('server-answer', `there is no checkpoint at ${this.name}`)
    // A page to log in at, or an error as a document: no ledger speaks there, and nothing of one is judged.
    if (/^\s*[<{]/.test(latin1(bytes.subarray(0, 64))))
      throw new EvidenceError(
        'server-answer',
        `what ${this.name} gives as its checkpoint is a page or a document, and no checkpoint`,
      )
    return bytes
  }

  /** What a server refuses is none of the chain's faults, whatever code it states. Throws `server-unreachable`, `server-answer`. */
  private async fetchBytes(path: string): Promise<Uint8Array | undefined> {
    try {
      return await this.client.fetchBytes(path)
    } catch (error) {
      throw error instanceof ServerRefusal ? asUnanswered(error) : error
    }
  }

  /** A tile with the width of its name. A partial one may be gone where the full one has come since: then that one serves. */
  private async fetchTile(level: number | 'entries', n: number, width: number): Promise<NamedTile | undefined> {
    for (const named of width === tileWidth ? [width] : [width, tileWidth]) {
      const bytes = await this.fetchBytes(`/${tilePath(level, n, named)}`)
      if (bytes !== undefined) return { bytes, width: named }
    }
    return undefined
  }

  async tile(level: number, n: number, width: number): Promise<Uint8Array | undefined> {
    return (await this.fetchTile(level, n, width))?.bytes
  }

  async entries(n: number, width: number): Promise<(Uint8Array | undefined)[]> {
    return splitBundle(await this.fetchTile('entries', n, width), width)
  }
}
