import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { valueOr } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { dataFolder, readPolicyBytes, readPolicyFile } from '../../src/ledger/data-folder.ts'
import { requireFinished } from '../../src/node/folder-marker.ts'
import { isOwnLedger, noteOwnLedger } from '../../src/node/own-ledgers.ts'
import type { Output } from '../render/output.ts'
import { parsePolicy, type Policy } from '../../src/core/policy.ts'
import { environmentValue, profileOf, type ProfileOptions } from './profile.ts'

/** Where a command's policy file comes from. */
export interface PolicyFile {
  readonly path: string
  /** `option`: --policy; `environment`: $EVIDENCE_POLICY; `profile`: set up by the user; `data-folder`: that of the user's own ledger. */
  readonly from: 'option' | 'environment' | 'profile' | 'data-folder'
  /** The data folder that it lies in, or the profile that it is of. */
  readonly of?: string
}

export interface PolicyOptions extends ProfileOptions {
  readonly policy?: string
}

/** The data folder: --data, $EVIDENCE_DATA, or ./data. */
export function dataDir(options: { readonly data?: string }): string {
  return options.data ?? environmentValue('EVIDENCE_DATA') ?? 'data'
}

/**
 * The policy file that was named, by --policy, $EVIDENCE_POLICY or a profile; else the one in the data folder: where that folder was named,
 * by --data or $EVIDENCE_DATA, or is the user's own ledger. That a file lies in the working folder makes it nobody's policy.
 */
export function findPolicy(options: PolicyOptions): PolicyFile | undefined {
  if (options.policy !== undefined) return { path: options.policy, from: 'option' }
  const named = environmentValue('EVIDENCE_POLICY')
  if (named !== undefined) return { path: named, from: 'environment' }
  const profile = profileOf(options)
  if (profile !== undefined) return { path: profile.policy, from: 'profile', of: profile.name }
  const folder = dataDir(options)
  const path = join(folder, 'policy')
  const isNamed = options.data !== undefined || environmentValue('EVIDENCE_DATA') !== undefined
  return existsSync(path) && (isNamed || isOwn(folder)) ? { path, from: 'data-folder', of: folder } : undefined
}

/** The policy's file that {@link findPolicy} finds; `otherwise` says what else can be done. Throws `usage`, `folder-unfinished`. */
export function requirePolicy(options: PolicyOptions, otherwise = ''): PolicyFile {
  const found = findPolicy(options)
  if (found !== undefined) return found
  const folder = dataDir(options)
  const where = join(folder, 'policy')
  requireFinished(folder)
  const why = existsSync(where)
    ? `${where} is not taken: nothing shows that it is of a ledger of your own`
    : `there is no policy at ${where}`
  throw new EvidenceError(
    'usage',
    `${why}; name the ledger’s policy by --policy FILE, or set it up: evidence setup URL${otherwise}`,
    { where },
  )
}

/** True where the reader has a policy of the ledger that is not the server's own word. */
export function hasOwnPolicy(options: PolicyOptions): boolean {
  return findPolicy(options) !== undefined
}

/**
 * The policy under which a depositor checks a server’s receipts: their own, or, where they have none yet, the one that the
 * server gives, and they are told so.
 */
export function depositPolicy(options: PolicyOptions, info: { readonly policy: string }, output: Output): Policy {
  const found = findPolicy(options)
  if (found !== undefined) return readPolicyFile(found.path)
  output.note(
    'no policy of your own: taking the server’s word for its key, and for which ledger it is (--policy names one)',
  )
  return parsePolicy(Buffer.from(info.policy, 'latin1'))
}

/** The policy to check against. Throws as {@link requirePolicy}, and the codes of a policy. */
export function policyOf(options: PolicyOptions): Policy {
  return readPolicyFile(requirePolicy(options).path)
}

/** Which policy a verdict rests on, for people. */
export function policyLine({ path, from, of }: PolicyFile): string {
  const how = {
    option: '--policy',
    environment: '$EVIDENCE_POLICY',
    profile: `of the profile ${of}`,
    'data-folder': `of the ledger in ${of}`,
  }[from]
  return `policy: ${path} (${how})`
}

/** Which policy a verdict rests on, for programs. */
export function policyDocument({ path, from }: PolicyFile): { readonly path: string; readonly source: string } {
  return { path, source: from }
}

/**
 * True for the data folder of a ledger that this user runs: one that a command of this user has made or served, with the very policy that it
 * has now (src/node/own-ledgers.ts). What lies in the folder itself shows nothing, for an archive may bring any of it.
 */
function isOwn(folder: string): boolean {
  const policy = policyBytes(folder)
  return policy !== undefined && isOwnLedger(folder, policy)
}

/** Notes that a command of this user has made or served a data folder: its policy is then the default beside it. */
export function noteOwn(folder: string): void {
  const policy = policyBytes(folder)
  if (policy !== undefined) noteOwnLedger(folder, policy)
}

function policyBytes(folder: string): Uint8Array | undefined {
  return valueOr(() => readPolicyBytes(dataFolder(folder).policy), undefined)
}
