import { type ErrorCode, EvidenceError } from '../core/errors.ts'
import type { Statement } from './statement.ts'

/** How far `iat`, and any time that a statement gives, may lie after the entry's time, in milliseconds. */
export const issuedToleranceMs = 300_000

/** What the rules ask of the entries before. */
export interface History {
  /** Index of the entry that used `iss` + `jti`, or undefined. */
  findStatement(iss: string, jti: string): number | undefined
  /** Facts of an earlier entry, or undefined where the index is not below the entry judged. */
  target(index: number): TargetFacts | undefined
  /** Root over the first `size` leaf hashes, or undefined where they are not all known. */
  rootAt?(size: number): Uint8Array | undefined
}

declare const told: unique symbol

/**
 * The kind of what a statement says, by itself or as the change that it carries, as `kindSaid` gives it. Who may read an entry is decided by
 * this, and never by the kind in its payload: an order to erase is no part of the registry for being carried by a change.
 */
export type KindSaid = string & { readonly [told]: 'kind' }

/** What an entry that deposits nothing may be to a reference. */
export type TargetSort = 'challenge'

export interface TargetFacts {
  /** 32 bytes; undefined where neither the entry nor a tile of it is to be had. */
  readonly leafHash: Uint8Array | undefined
  /** Undefined where this version cannot read the entry, or does not know its kind: whether it is a deposit is not known. */
  readonly kind: KindSaid | undefined
  readonly iss: string
  /** Number of items that it deposits; undefined of a kind that deposits none. */
  readonly items: number | undefined
  /** Lines of each item that is a manifest, by number of the item; undefined where none is. */
  readonly lines?: ReadonlyMap<number, number> | undefined
  /** Undefined of an entry that only a deposit's reference could point at. */
  readonly sort?: TargetSort | undefined
  /** Opens the entry for what it says: for references that ask (`asksWhat`). Missing or giving undefined where it is not known. */
  readonly said?: (() => SaidFacts | undefined) | undefined
  /** Undefined where the entry broke no rule. */
  readonly soundness?: Soundness | undefined
}

/** What an entry says, by itself or as the change that it carries. */
export interface SaidFacts {
  readonly kind: string
  /** Whether it is said as a change that several approved. */
  readonly isChange: boolean
  /** Whether it is an order to erase. */
  readonly isOrder: boolean
  /** base64url SHA-256 of each disclosure that it seals; none where its members are not in order. */
  readonly digests: readonly string[]
}

/** What keeps an entry from being known to have broken no rule: it broke one, or that is not judged in full. */
export type Soundness = 'violated' | 'open'

/** One entry to be judged on the registry before it. */
export interface EntryUnderJudgement {
  readonly index: number
  readonly time: string
  readonly timeMs: number
  readonly statement: Statement
}

/** What does not come from the chain itself. */
export interface RuleContext {
  /** The checkpoint's origin. */
  readonly origin: string
  /** vkeys that verified the checkpoint. */
  readonly ledgerKeys: readonly string[]
  /** Whether the statement's signature verifies under this key. */
  readonly verifies: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean
}

/** Collects what the rules find; an entry with a violation changes nothing. */
export interface Findings {
  readonly violations: EvidenceError[]
  /** Code `not-judged`. */
  readonly unjudged: EvidenceError[]
}

/** Adds a violation about a member of the statement, or about the statement where `where` is left out. */
export function violate({ violations }: Findings, code: ErrorCode, message: string, where?: string): void {
  violations.push(new EvidenceError(code, message, where === undefined ? {} : { where }))
}

/** Adds that a member needs a newer verifier. */
export function leaveOpen({ unjudged }: Findings, message: string, where: string): void {
  unjudged.push(new EvidenceError('not-judged', message, { where }))
}
