import { EvidenceError, isEvidenceError, parseBundle, tilePath, tileWidth } from '../core/index.ts'
import type { LogSource } from '../verify/index.ts'
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
    const bytes = await this.client.fetchBytes('/checkpoint')
    if (bytes === undefined) throw new EvidenceError('server-answer', `there is no checkpoint at ${this.name}`)
    return bytes
  }

  /** A partial tile may be gone where the full one has come since: then that one serves (tlog-tiles, "Partial Tiles"). */
  private async fetchTile(level: number | 'entries', n: number, width: number): Promise<Uint8Array | undefined> {
    const bytes = await this.client.fetchBytes(`/${tilePath(level, n, width)}`)
    return bytes ?? (width === tileWidth ? undefined : this.client.fetchBytes(`/${tilePath(level, n, tileWidth)}`))
  }

  tile(level: number, n: number, width: number): Promise<Uint8Array | undefined> {
    return this.fetchTile(level, n, width)
  }

  async entries(n: number, width: number): Promise<(Uint8Array | undefined)[]> {
    const bytes = await this.fetchTile('entries', n, width)
    return bytes === undefined ? Array.from({ length: width }, () => undefined) : splitBundle(bytes, width)
  }
}

/** The first `width` entries of a bundle that may hold more; a malformed bundle holds none. */
export function splitBundle(bytes: Uint8Array, width: number): (Uint8Array | undefined)[] {
  for (const held of width === tileWidth ? [width] : [width, tileWidth]) {
    try {
      return parseBundle(bytes, held).slice(0, width)
    } catch (error) {
      if (!isEvidenceError(error, 'bundle-malformed')) throw error
    }
  }
  return Array.from({ length: width }, () => undefined)
}
