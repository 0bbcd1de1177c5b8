import { type Handed } from '../../../src/check/steps/handed.ts'
import { checkOne } from '../../../src/check/steps/receipt.ts'
import { tryBase64 } from '../../../src/core/base64.ts'
import { plainDigester } from '../../../src/core/digest.ts'
import { EvidenceError } from '../../../src/core/errors.ts'
import { parsePolicy } from '../../../src/core/policy.ts'

export * from '../../../src/check/steps/compare.ts'
export * from '../../../src/check/steps/receipt.ts'
export * from '../../../src/check/steps/report.ts'

/* What a page does, as small as it can be: bytes come in base64, and codes are given back. Bundled by the test, and run with a browser's means. */

/** Bytes of base64. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const bytes = tryBase64(base64)
  if (bytes === undefined) throw new Error('no base64')
  return bytes
}

/** Codes of what is found, faults first. */
export function codesOf(found: {
  readonly faults: readonly { readonly code: string }[]
  readonly unjudged: readonly { readonly code: string }[]
}): string[] {
  return [...found.faults, ...found.unjudged].map(({ code }) => code)
}

/** Checks one file against its receipt. */
export async function checkReceiptOf(file: string, receipt: string, policy: string): Promise<string[]> {
  const none = (): never => {
    throw new EvidenceError('file-unreadable', 'nothing of that name was handed over')
  }
  const { canDigest, digestBytes } = plainDigester
  const handed: Handed = {
    artefact: () => bytesOf(receipt),
    manifest: none,
    manifestBytes: none,
    digests: (_, algorithms) => Promise.resolve(digestBytes(bytesOf(file), algorithms)),
    digestsOf: digestBytes,
    canDigest,
    transitionBeside: () => undefined,
    baseName: (name) => name,
    pathWithin: (_, name) => name,
  }
  const evidence = { kind: 'receipt', receipt: 'receipt' } as const
  return codesOf(await checkOne(handed, 'file', evidence, parsePolicy(bytesOf(policy))))
}
