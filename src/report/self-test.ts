import { fromBase64, toHex } from '../core/base64.ts'
import { utf8 } from '../core/bytes.ts'
import { digestsOf } from '../core/digest.ts'
import { verifyEd25519 } from '../core/ed25519.ts'
import { isEvidenceError } from '../core/errors.ts'
import { sha256 } from '../core/hash.ts'
import { manifestTree, parseManifest } from '../core/manifest.ts'
import { verifyInclusion } from '../core/merkle/verify.ts'
import { parsePolicy } from '../core/policy.ts'
import { algorithmsOf, checkFile } from '../verify/check-file.ts'
import { type CheckedReceipt, checkReceipt } from '../verify/check-receipt.ts'
import type { Finding } from '../verify/report.ts'

/** Conformance vectors: `<format>/<name>` and the text of the file. */
export type VectorSet = readonly (readonly [name: string, text: string])[]

/** What one vector says, and whether this program said the same of it. */
export interface VectorResult {
  readonly name: string
  readonly holds: boolean
  /** The verdict that the vector states, and the one that was found: `valid`, or codes. */
  readonly expected: string
  readonly found: string
}

/** What a self-test came to. */
export interface SelfTest {
  /** SHA-256 of what `sha256sum` prints for the files, in the order of the set: lower-case hex. */
  readonly setSha256: string
  readonly results: readonly VectorResult[]
  readonly failed: number
}

/** Runs the vectors of a set by the functions that every check runs. Never throws: a vector that cannot be read or judged has failed. */
export function runSelfTest(set: VectorSet): SelfTest {
  const results = set.map(([name, text]) => resultOf(name, text))
  const sums = set.map(([name, text]) => `${toHex(sha256(utf8(text)))}  ${name}.json\n`)
  return {
    setSha256: toHex(sha256(utf8(sums.join('')))),
    results,
    // A set without vectors shows nothing, so it holds for nothing.
    failed: set.length === 0 ? 1 : results.filter(({ holds }) => !holds).length,
  }
}

function resultOf(name: string, text: string): VectorResult {
  let expected = 'unreadable'
  try {
    const { format, input, expect } = JSON.parse(text) as Vector
    expected = expect.valid ? 'valid' : codesText(expect.faults ?? [], expect.unjudged ?? [], expect.code)
    const judge = judges[format]
    if (judge === undefined) return { name, holds: false, expected, found: 'no judge' }
    const found = foundBy(judge, input)
    return { name, holds: found === expected, expected, found }
  } catch (error) {
    return { name, holds: false, expected, found: error instanceof Error ? error.message : String(error) }
  }
}

/** What stands in the file of a vector (fixtures/vectors/README.md). */
interface Vector {
  readonly format: string
  readonly input: Input
  readonly expect: {
    readonly valid: boolean
    readonly code?: string
    readonly faults?: readonly string[]
    readonly unjudged?: readonly string[]
  }
}
type Input = Readonly<Record<string, unknown>>

/** The findings of one input; true or false where the only one there could be is of this code. */
type Judge = (input: Input) => Findings | { readonly holds: boolean; readonly otherwise: string }
interface Findings {
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
}

function foundBy(judge: Judge, input: Input): string {
  try {
    const found = judge(input)
    if ('holds' in found) return found.holds ? 'valid' : codesText([found.otherwise], [])
    const [faults, unjudged] = [codesOf(found.faults), codesOf(found.unjudged)]
    return faults.length + unjudged.length === 0 ? 'valid' : codesText(faults, unjudged)
  } catch (error) {
    if (isEvidenceError(error)) return codesText([error.code], [])
    throw error
  }
}

function codesOf(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ code }) => code))]
}

/** Codes in one order: of faults, then of what is not judged; of a vector without lists its one code. */
function codesText(faults: readonly string[], unjudged: readonly string[], code?: string): string {
  const all = [...faults, ...unjudged].sort()
  return all.length === 0 ? (code ?? '') : all.join(', ')
}

const judges: Readonly<Record<string, Judge>> = {
  ed25519: (input) => ({
    holds: verifyEd25519(bytesOf(input, 'publicKey'), bytesOf(input, 'message'), bytesOf(input, 'signature')),
    otherwise: 'signature-invalid',
  }),
  inclusion: (input) => ({
    holds: verifyInclusion({
      index: input['index'] as number,
      size: input['size'] as number,
      leafHash: bytesOf(input, 'leafHash'),
      proof: (input['proofBase64'] as string[]).map((hash) => fromBase64(hash)),
      root: bytesOf(input, 'root'),
    }),
    otherwise: 'inclusion-invalid',
  }),
  manifest: (input) => {
    const bytes = bytesOf(input, 'manifest')
    parseManifest(bytes)
    const { root, size } = manifestTree(bytes)
    const tree = input['tree'] as { readonly root: string; readonly size: number } | undefined
    return {
      holds: tree === undefined || (tree.root === toHex(root) && tree.size === size),
      otherwise: 'manifest-malformed',
    }
  },
  receipt: receiptIn,
  file: (input) => {
    const { body, faults, unjudged } = receiptIn(input)
    if (body === undefined) return { faults, unjudged }
    const bytes = bytesOf(input, 'file')
    const verdict = checkFile(body, { size: bytes.length, digest: digestsOf(bytes, algorithmsOf(body)) })
    return { faults: [...faults, ...verdict.faults], unjudged: [...unjudged, ...verdict.unjudged] }
  },
}

function receiptIn(input: Input): Findings & { readonly body: CheckedReceipt['body'] } {
  const checked = checkReceipt(bytesOf(input, 'receipt'), parsePolicy(bytesOf(input, 'policy')))
  const { faults, unjudged } = checked
  return { body: checked.receipt === undefined ? undefined : checked.body, faults, unjudged }
}

/** Bytes of `nameBase64`, or the UTF-8 of `name`. */
function bytesOf(input: Input, name: string): Uint8Array {
  const base64 = input[`${name}Base64`]
  return typeof base64 === 'string' ? fromBase64(base64) : utf8(input[name] as string)
}
