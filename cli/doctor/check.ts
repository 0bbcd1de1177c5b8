import { type EvidenceError, isEvidenceError } from '../../src/core/errors.ts'

/** One thing that was looked at: what was found, in plain words, and what to do about it. */
export interface Check {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly says: string
  /** What to do; never missing where the status is not ok. */
  readonly todo?: string
  /** Exit code of a failure: 1 where evidence does not verify, 3 where something keeps the ledger from running. */
  readonly exit?: 1 | 3
}

export function ok(name: string, says: string): Check {
  return { name, status: 'ok', says }
}
export function warn(name: string, says: string, todo: string): Check {
  return { name, status: 'warn', says, todo }
}
export function fail(name: string, says: string, todo: string, exit: 1 | 3 = 3): Check {
  return { name, status: 'fail', says, todo, exit }
}

/** A refusal of ours as a failed check. */
export function failed(name: string, error: EvidenceError): Check {
  return fail(name, `${error.code}: ${error.message}`, error.kind.action, error.kind.exit === 1 ? 1 : 3)
}

/** Runs a check; a refusal of ours is its result, and anything else says that it could not look. */
export async function attempt(name: string, look: () => Promise<Check[]> | Check[]): Promise<Check[]> {
  try {
    return await look()
  } catch (error) {
    if (isEvidenceError(error)) return [failed(name, error)]
    return [fail(name, `could not be looked at: ${(error as Error).message}`, 'Check the path and the permissions.')]
  }
}
