import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EvidenceError } from '../../../src/core/errors.ts'
import { isPackageZip } from '../../../src/package/node/recognize-path.ts'
import type { Facts } from '../../vectors/check-formats.ts'
import { Input, type Vector } from '../../vectors/input.ts'
import { verdictOf } from '../../vectors/verdict.ts'
import type { PythonLines } from '../python.ts'
import type { Case } from './changes.ts'
import { packageCodes, packagePolicy } from './packages.ts'

/** What one verifier says: the exit code of its command line, and the code of each fault, or of what is not judged. */
export interface Verdict {
  /** 9: it broke. */
  readonly exit: 0 | 1 | 2 | 4 | 9
  readonly codes: readonly string[]
  readonly detail?: string
}

const notJudged: readonly unknown[] = ['not-judged', 'policy-unsupported', 'digest-not-computable']

function verdictIn(facts: Facts): Verdict {
  const { valid, code, faults, unjudged, crash, broken } = facts
  if (crash !== undefined) return { exit: 9, codes: [], detail: JSON.stringify(crash) }
  if (!Array.isArray(faults) || !Array.isArray(unjudged)) {
    if (valid === true) return { exit: 0, codes: [] }
    return { exit: notJudged.includes(code) ? 4 : 1, codes: [String(code)] }
  }
  // Of a proof of misbehaviour without fault, the rule that it shows to be broken is part of the verdict.
  if (faults.length + unjudged.length === 0 && typeof broken === 'string') return { exit: 0, codes: [broken] }
  const list = faults.length > 0 ? faults : unjudged
  const codes = [...new Set(list.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))))].sort()
  return { exit: faults.length > 0 ? 1 : unjudged.length > 0 ? 4 : 0, codes }
}

/** Where a package of a case is written for both. */
export function packageFile(folder: string, seed: number): string {
  return join(folder, `${seed}.zip`)
}

/** Of the TypeScript verifier, in this process. `file`: where the case is a package. */
export async function ours({ format, input }: Case, file: string): Promise<Verdict> {
  const vector = { format, input: new Input(input), description: '', rule: '', expect: { valid: false } } as Vector
  try {
    if (format === 'package' && !isPackageZip(file)) return { exit: 2, codes: ['receipt-not-found'] }
    if (format !== 'package') return verdictIn(await verdictOf(vector))
    const { standing, ...codes } = await packageCodes(file)
    return withStanding(verdictIn(codes), standing)
  } catch (error) {
    if (error instanceof EvidenceError) return { exit: 1, codes: [error.code] }
    return { exit: 9, codes: [], detail: (error as Error).stack ?? String(error) }
  }
}

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Of the Python verifier's command line, of a package. */
function packageVerdict({ stdout, stderr }: Ran): Verdict {
  if (stderr !== '') return { exit: 9, codes: [], detail: stderr }
  const document = JSON.parse(stdout) as Record<string, { code: string }[] | undefined>
  const { faults, notJudged: unjudged, standing } = document
  const { error } = document as unknown as { error?: { code: string } }
  if (error?.code === 'receipt-not-found') return { exit: 2, codes: [error.code] }
  // It could not run, which no input may bring about.
  if (faults === undefined) return { exit: 9, codes: [], detail: stdout }
  const codes = (list: { code: string }[] | undefined): string[] => [...new Set((list ?? []).map(({ code }) => code))]
  return withStanding(verdictIn({ faults: codes(faults), unjudged: codes(unjudged) }), standing)
}

/** Of a package without fault, how it stands is part of the verdict. */
function withStanding(verdict: Verdict, standing: unknown): Verdict {
  return verdict.exit === 0 ? { ...verdict, codes: [`standing: ${String(standing)}`] } : verdict
}

/** Of the Python verifier. */
export async function theirs(python: PythonLines, { format, input }: Case, file: string): Promise<Verdict> {
  if (format === 'package') {
    writeFileSync(file, Buffer.from(input['zipBase64'] as string, 'base64'))
    const policy = `${file}.policy`
    writeFileSync(policy, packagePolicy)
    const args = ['check', file, '--policy', policy, '--json']
    return packageVerdict((await python.ask({ program: 'evidence_verify', args })) as Ran)
  }
  return verdictIn((await python.ask({ vector: { format, input } })) as Facts)
}

/** Where several rules of one object are broken together, either code conforms (docs/spec/02-statement.md). */
const schemaCodes =
  /"?\b(?:statement-member-unknown|statement-member|claim-in-clear|digest-malformed|digest-weak-only|items-count)\b"?/

/** What the first says without what it alone finds: in tokens of time stamps, which Python does not read (docs/spec/18-package.md, step 6). */
function withoutTokens(one: Verdict, other: Verdict): Verdict {
  const codes = one.codes.filter((code) => !code.startsWith('time-stamp-') || other.codes.includes(code))
  return one.exit === 1 && codes.length === 0 && other.exit === 4 ? other : { ...one, codes }
}

/** How the verdicts of TypeScript and Python differ; undefined where they agree. */
export function difference(mine: Verdict, other: Verdict): 'exit' | 'codes' | undefined {
  const one = withoutTokens(mine, other)
  if (one.exit !== other.exit || one.exit === 9) return 'exit'
  const same = (codes: readonly string[]): string =>
    [...new Set(codes.map((code) => code.replace(schemaCodes, 'statement-member')))].sort().join()
  // Of an open verdict, which parts are open is counted otherwise in each.
  return one.exit === 4 || same(one.codes) === same(other.codes) ? undefined : 'codes'
}
