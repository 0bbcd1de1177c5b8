import { type Outcome, outcomeOf, outcomes } from '../check/steps/outcome.ts'
import type { AnyReport } from '../check/steps/report.ts'
import { toHex } from '../core/base64.ts'
import { utf8 } from '../core/bytes.ts'
import type { EvidenceError } from '../core/errors.ts'
import { sha256 } from '../core/hash.ts'
import { outcomeOfRefusal } from '../told/refusal.ts'
import { exitCodeOf } from '../verify/report.ts'
import type { SelfTest } from './self-test.ts'

/** What was checked and came to a report, or was refused before it could be looked at. */
export type Examined = AnyReport | Refused
export interface Refused {
  readonly what: 'refused'
  readonly path: string
  readonly refusal: EvidenceError
}

/** What a file was handed over as. */
export const roles = [
  'checked',
  'receipt',
  'file-proof',
  'manifest',
  'policy',
  'time-proof',
  'transition',
  'rotation',
  'anchor',
  'trust-anchors',
  'package-list',
] as const
export type Role = (typeof roles)[number]

/** A file that took part in a check, as it was measured. */
export interface InputFile {
  readonly role: Role
  readonly name: string
  /** Undefined of a folder, and of what is not here or could not be read. */
  readonly measured: { readonly size: number; readonly sha256: string } | undefined
  readonly isFolder: boolean
}

/** The program that checked. */
export interface Program {
  readonly version: string
  /** The one file that it is; undefined where it runs out of many. */
  readonly file: { readonly name: string; readonly sha256: string } | undefined
  readonly runtime: string
  readonly machine: string
}

/** A command by which somebody does a part of it again: what for, and the line to type. */
export const commandKinds = ['digests', 'ours', 'online', 'python', 'guide', 'pack'] as const
export type CommandKind = (typeof commandKinds)[number]
export interface Command {
  readonly what: CommandKind
  readonly line: string
}

/** All that a report is made of, as the one who ran the check hands it over. */
export interface ReportInput {
  /** One check or several. */
  readonly examined: readonly [Examined, ...Examined[]]
  readonly policy: {
    readonly from: 'given' | 'package' | 'none'
    /** As {@link policyFingerprint} gives it. */
    readonly fingerprint: string | undefined
  }
  readonly inputs: readonly InputFile[]
  readonly program: Program
  /** When the check ran, in milliseconds since 1970. */
  readonly ranAt: number
  readonly selfTest: SelfTest
  readonly commands: readonly Command[]
}

/** One check with what it came to. */
export interface ReportedCheck {
  readonly examined: Examined
  readonly outcome: Outcome
  readonly exit: number
}

/** What a report says, in no language: the source of each of its forms. */
export interface ReportModel extends Omit<ReportInput, 'examined'> {
  /** The worst first. */
  readonly checks: readonly [ReportedCheck, ...ReportedCheck[]]
  /** SHA-256 of what the report is about: equal for two reports of the same inputs, whenever they were made. */
  readonly subject: string
}

/** Puts together what a report says. */
export function reportModel({ examined, ...rest }: ReportInput): ReportModel {
  const checks = examined.map(reported).sort((a, b) => rankOf(a) - rankOf(b)) as [ReportedCheck, ...ReportedCheck[]]
  return { ...rest, checks, subject: subjectOf(examined, rest.inputs) }
}

function reported(examined: Examined): ReportedCheck {
  if (examined.what === 'refused') {
    const { refusal } = examined
    return { examined, outcome: outcomeOfRefusal(refusal), exit: refusal.kind.exit }
  }
  return { examined, outcome: outcomeOf(examined), exit: exitCodeOf(examined.faults, examined.unjudged) }
}

function rankOf({ outcome }: ReportedCheck): number {
  return outcomes.indexOf(outcome.kind)
}

/** Every input's role and digest (of a folder its name), and of each check whether the ledger was asked: what is asked says more. */
function subjectOf(examined: readonly Examined[], inputs: readonly InputFile[]): string {
  const of = inputs.map(({ role, name, measured }) => [role, measured?.sha256 ?? name])
  const asked = examined.map((one) => 'later' in one && one.later?.size !== undefined)
  return toHex(sha256(utf8(JSON.stringify([of, asked]))))
}
