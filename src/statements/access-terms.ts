/** What a rule of access does (docs/spec/21-access-rules.md). */
export const accessRules = ['grant', 'end', 'seal', 'unseal', 'hold', 'unhold'] as const
export type AccessRule = (typeof accessRules)[number]

/** The sealed terms of a rule of access: what it does, to which deposits, for whom, until when. */
export interface AccessTerms {
  readonly rule: AccessRule
  /** Deposits, 1 to 64; leaf hashes as padded base64 of 32 bytes. */
  readonly of: readonly { readonly index: number; readonly leafHash: string }[]
  /** Participants that a grant, or the end of one, is for. */
  readonly to?: readonly string[] | undefined
  /** Canonical time at which the rule ends by itself. */
  readonly until?: string | undefined
}
