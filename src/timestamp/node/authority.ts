import { latin1 } from '../../core/bytes.ts'
import { digestOf } from '../../core/digest.ts'
import { EvidenceError, isEvidenceError } from '../../core/errors.ts'
import { timeText } from '../../core/time.ts'
import { bytesOfPem, type Certificate, readPemCertificates, unique } from '../certificate.ts'
import { type Crl, maxCrlBytes, readCrl } from '../crl.ts'
import { fetchBounded } from './fetch-bounded.ts'
import { clockSkewMs } from '../judge-record.ts'
import { judgeToken, type TokenVerdict } from '../judge-token.ts'
import { encodeRequest, maxResponseBytes, readResponse } from './request.ts'
import type { HashAlgorithm } from '../signature.ts'

/** An authority as the operator configured it. */
export interface AuthoritySettings {
  readonly name: string
  readonly url: string
  /** PEM file of trust anchors. */
  readonly anchors: string
  /** PEM file of certificates in between, where the authority does not send them. */
  readonly certificates?: string | undefined
  /** CRLs, DER or PEM: files or URLs. */
  readonly crls: readonly string[]
}

/** What a token is to be judged with, as the operator gave it: DER. */
export interface Material {
  readonly certificates: readonly Uint8Array[]
  readonly crls: readonly Uint8Array[]
}

const crlPem = /-----BEGIN X509 CRL-----\s([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/

/** Reads a file that the settings name, whole, up to a number of bytes. Throws `file-unreadable`. */
export type ReadFile = (path: string, maxBytes: number) => Uint8Array

/** Largest file of certificates, in bytes. */
const maxPemBytes = 1024 * 1024

/** An authority that can be asked. Its files are read once, when it is made. */
export class Authority {
  readonly settings: AuthoritySettings
  readonly anchors: readonly Certificate[]
  private readonly between: readonly Certificate[]
  private readonly timeoutMs: number
  private readonly read: ReadFile

  /** Throws `file-unreadable`, `anchors-malformed`. */
  constructor(settings: AuthoritySettings, timeoutMs: number, read: ReadFile) {
    this.read = read
    this.settings = settings
    this.timeoutMs = timeoutMs
    this.anchors = this.pem(settings.anchors)
    const { certificates } = settings
    this.between = certificates === undefined ? [] : this.pem(certificates)
  }

  private pem(path: string): Certificate[] {
    return readPemCertificates(latin1(this.read(path, maxPemBytes)), path)
  }

  /**
   * The operator's certificates, and the CRLs as they are now. A list that cannot be had is told and left out: a token
   * without one is worth more than none.
   */
  async material(onFailure: (error: EvidenceError) => void): Promise<Material> {
    const crls: Uint8Array[] = []
    for (const from of this.settings.crls) {
      try {
        crls.push(await this.crl(from))
      } catch (error) {
        if (!isEvidenceError(error)) throw error
        onFailure(error)
      }
    }
    return { certificates: unique([...this.between, ...this.anchors]).map(({ der }) => der), crls }
  }

  private async crl(from: string): Promise<Uint8Array> {
    const name = `the revocation list of ${this.settings.name}`
    const isUrl = /^https?:\/\//.test(from)
    const bytes = isUrl
      ? await fetchBounded(from, {}, { name, maxBytes: 2 * maxCrlBytes, timeoutMs: this.timeoutMs })
      : this.read(from, 2 * maxCrlBytes)
    const pem = crlPem.exec(latin1(bytes))
    return readCrl(pem === null ? bytes : bytesOfPem(pem[1] as string)).der
  }

  /**
   * Asks for a token of some bytes, and judges it as anybody will later. Throws `time-stamp-authority`, `time-stamp-answer`,
   * `time-stamp-clock` (outside `notBeforeMs` and now, by more than 60 s), and the codes of {@link judgeToken}'s verdict.
   */
  async stamp(
    covered: Uint8Array,
    hash: HashAlgorithm,
    material: Material,
    { notBeforeMs, nowMs }: { readonly notBeforeMs: number; readonly nowMs: () => number },
  ): Promise<TokenVerdict> {
    const { name, url } = this.settings
    const digest = digestOf(hash, covered)
    const request = encodeRequest(hash, digest)
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
      body: Uint8Array.from(request.der),
    }
    const answer = await fetchBounded(url, init, {
      name: `the authority ${name}`,
      maxBytes: maxResponseBytes,
      timeoutMs: this.timeoutMs,
    })
    const token = readResponse(answer, request, name)
    const now = nowMs()
    const { genTimeMs } = token
    if (genTimeMs > now + clockSkewMs || genTimeMs + clockSkewMs < notBeforeMs) {
      throw new EvidenceError(
        'time-stamp-clock',
        `the time of the authority ${name} is not between the last entry’s and ours`,
        {
          where: name,
          expected: `${timeText(notBeforeMs)} to ${timeText(now)}`,
          found: timeText(genTimeMs),
        },
      )
    }
    const verdict = await judgeToken(token, {
      algorithm: hash,
      covered: digest,
      certificates: this.between,
      crls: readable(material.crls),
      anchors: this.anchors,
      untilMs: Math.max(now, genTimeMs),
      isRenewed: false,
    })
    if (verdict.fault !== undefined) throw verdict.fault
    return verdict
  }
}

const readable = (crls: readonly Uint8Array[]): Crl[] => crls.map(readCrl)
